// Each reason code in words, and the way out of it, in both languages. The compiler holds it to the server's closed list.
import type { VerifiedEntry } from '../../../../src/client/index.ts';
import type { Language } from '../../preferences.ts';

type Code = VerifiedEntry['code'];
/** What it means, and what to do; no way out where nothing is wrong. */
type Words = readonly [meaning: string, wayOut: string | null];

export function explainCode(code: Code, language: Language): Words {
  const texts = codeTexts[code];
  // A server that is newer than this page may know more.
  return texts === undefined ? [code, null] : texts[language];
}

const codeTexts: Readonly<Record<Code, Readonly<Record<Language, Words>>>> = {
  reaches: {
    en: ['A connection is accepted by the program that listens', null],
    zh: ['监听的程序会接受连接', null],
  },
  source_not_running: {
    en: ['The source does not run', 'Start the source.'],
    zh: ['来源未在运行', '启动来源容器。'],
  },
  source_paused: {
    en: ['The source is paused: nothing in it connects to anything', 'Unpause the source.'],
    zh: ['来源已暂停：其中的程序不会发起连接', '恢复来源容器。'],
  },
  no_route: {
    en: [
      'The source has no route to the address',
      'Connect the source to the network of the target, or to any that leads there. A closed container has none: create it bridged instead.',
    ],
    zh: [
      '来源没有到该地址的路由',
      '将来源连接到目标所在的网络，或任何通向它的网络。封闭式容器没有网络：请改为创建桥接式容器。',
    ],
  },
  link_down: {
    en: [
      'A bridge or a cable on the way is down, or unplugged',
      'Bring the interface up (ip link set NAME up), or disconnect the container from the network and connect it again.',
    ],
    zh: ['途中的网桥或线缆未启用或已断开', '启用该接口（ip link set NAME up），或将容器断开后重新连接到网络。'],
  },
  nobody_has_address: {
    en: [
      'Nobody on that network has the address',
      'See which address the target has now; it may have changed when it was started anew.',
    ],
    zh: ['该网络上没有人拥有此地址', '查看目标当前的地址；重新启动后地址可能已改变。'],
  },
  forwarding_off: {
    en: [
      'The host does not forward packets',
      'Let the host forward: sysctl -w net.ipv4.ip_forward=1 (IPv6: net.ipv6.conf.all.forwarding=1).',
    ],
    zh: [
      '宿主机不转发数据包',
      '开启宿主机转发：sysctl -w net.ipv4.ip_forward=1（IPv6：net.ipv6.conf.all.forwarding=1）。',
    ],
  },
  no_route_on_host: {
    en: ['The host has no route to the address', 'Add a route on the host, or ask for an address that it knows.'],
    zh: ['宿主机没有到该地址的路由', '在宿主机上添加路由，或使用宿主机已知的地址。'],
  },
  icc_off: {
    en: [
      'Containers on this network may not talk to each other (icc is off)',
      'Put both on a network that is made with icc, or publish the port on the host.',
    ],
    zh: ['此网络上的容器不允许互相通信（icc 已关闭）', '将两者放到启用 icc 的网络上，或在宿主机上发布端口。'],
  },
  networks_isolated: {
    en: [
      'Docker keeps the two networks apart',
      'Connect one of them to the network of the other, or publish the port on the host.',
    ],
    zh: ['Docker 隔离了这两个网络', '将其中一个容器连接到另一个的网络，或在宿主机上发布端口。'],
  },
  dropped_in_docker_user: {
    en: [
      'A rule in DOCKER-USER stops it',
      'Look at the rule in the way of the packet, and change or delete it on the host (iptables -L DOCKER-USER).',
    ],
    zh: [
      'DOCKER-USER 中的规则阻止了它',
      '查看数据包路径中的规则，并在宿主机上修改或删除它（iptables -L DOCKER-USER）。',
    ],
  },
  dropped_by_rule: {
    en: ['A rule drops it', 'Look at the rule in the way of the packet, and change it on the host.'],
    zh: ['某条规则丢弃了它', '查看数据包路径中的规则，并在宿主机上修改它。'],
  },
  rejected_by_rule: {
    en: ['A rule rejects it', 'Look at the rule in the way of the packet, and change it on the host.'],
    zh: ['某条规则拒绝了它', '查看数据包路径中的规则，并在宿主机上修改它。'],
  },
  dropped_by_policy: {
    en: [
      'No rule accepts it, and the policy of the chain drops it',
      'Add a rule that accepts it, in DOCKER-USER for instance.',
    ],
    zh: ['没有规则接受它，且链的默认策略为丢弃', '添加一条接受它的规则，例如加在 DOCKER-USER 中。'],
  },
  martian: {
    en: [
      'The kernel takes no packet with such an address from there',
      'Ask for another address of the target: a loopback address is only for programs in the same namespace.',
    ],
    zh: ['内核不接受来自那里、带有此类地址的数据包', '使用目标的其他地址：回环地址只供同一命名空间内的程序使用。'],
  },
  no_way_back: {
    en: [
      'The target has no route back to the source',
      'Give the target a route: connect it to a network that leads back to the source.',
    ],
    zh: ['目标没有返回来源的路由', '为目标提供路由：将其连接到能返回来源的网络。'],
  },
  reply_dropped: {
    en: [
      'What the target answers does not come back',
      'Look at the rules that the answer meets; one that takes established connections is missing.',
    ],
    zh: ['目标的应答无法返回', '查看应答遇到的规则；缺少接受已建立连接的规则。'],
  },
  reply_bypasses_nat: {
    en: [
      'What the target answers comes back with an address that the source does not know',
      "Ask for the target's own address: both are on one bridge, and the answer does not pass the host.",
    ],
    zh: ['目标应答的来源地址不是来源所认识的', '使用目标自己的地址：两者在同一网桥上，应答不经过宿主机。'],
  },
  target_not_running: {
    en: ['The target does not run', 'Start the target.'],
    zh: ['目标未在运行', '启动目标容器。'],
  },
  not_published: {
    en: ['The port is not published on the host', 'Create the container open, with the port published (-p).'],
    zh: ['该端口未在宿主机上发布', '以开放模式创建容器并发布该端口（-p）。'],
  },
  published_on_another_address: {
    en: [
      'The port is published on another address of the host only: 127.0.0.1, for example',
      'Ask for that address from the host, or publish the port on all addresses.',
    ],
    zh: ['该端口只在宿主机的其他地址上发布，例如 127.0.0.1', '从宿主机访问该地址，或在所有地址上发布端口。'],
  },
  not_on_network: {
    en: ['The container is on no network', 'Connect it to a network.'],
    zh: ['容器不在任何网络上', '将其连接到一个网络。'],
  },
  nothing_carries: {
    en: [
      'Neither a rule nor a docker-proxy takes the port of the host to the container',
      'Restart the container: Docker then makes its rules anew.',
    ],
    zh: ['没有规则或 docker-proxy 将宿主机端口转到容器', '重新启动容器：Docker 会重新创建规则。'],
  },
  nothing_listens: {
    en: ['Nothing listens on the port', 'Start the program in the target, or see on which port it listens (netstat).'],
    zh: ['没有程序监听该端口', '在目标中启动程序，或查看它监听哪个端口（netstat）。'],
  },
  listens_on_loopback_only: {
    en: [
      'The program listens on the loopback address only',
      'Let the program listen on 0.0.0.0 (or ::) instead of 127.0.0.1.',
    ],
    zh: ['程序只监听回环地址', '让程序监听 0.0.0.0（或 ::）而不是 127.0.0.1。'],
  },
  listens_on_another_address: {
    en: [
      'The program listens on another address only',
      'Ask for the address on which it listens, or let it listen on 0.0.0.0 (or ::).',
    ],
    zh: ['程序只监听其他地址', '使用它监听的地址，或让它监听 0.0.0.0（或 ::）。'],
  },
  held_by_another: {
    en: ['Another process of the host has the port', 'End that process, or publish another port.'],
    zh: ['宿主机上的其他进程占用了该端口', '结束该进程，或发布其他端口。'],
  },
  proxy_without_backend: {
    en: [
      'docker-proxy accepts the connection, but cannot pass it on',
      'Start the program in the container, or let it listen on 0.0.0.0: docker-proxy calls it at the address of the container.',
    ],
    zh: [
      'docker-proxy 接受了连接，但无法转交',
      '在容器中启动程序，或让它监听 0.0.0.0：docker-proxy 使用容器的地址连接它。',
    ],
  },
  rules_not_known: {
    en: [
      'The rules of the host were not read',
      'Let Terrarium read them (TERRARIUM_RULES), and see what could not be read.',
    ],
    zh: ['未读取宿主机的规则', '允许 Terrarium 读取规则（TERRARIUM_RULES），并查看未能读取的内容。'],
  },
  rule_not_decidable: {
    en: ['It hangs on a rule whose condition cannot be decided', 'Prove it: a real connection decides.'],
    zh: ['取决于一条无法判定条件的规则', '实际证明：由真实连接判定。'],
  },
  settings_not_known: {
    en: ['Settings of the kernel were not read', 'See what could not be read; or prove it.'],
    zh: ['未读取内核设置', '查看未能读取的内容；或实际证明。'],
  },
  listeners_not_known: {
    en: ['The sockets of the target were not read', 'See what could not be read; or prove it.'],
    zh: ['未读取目标的套接字', '查看未能读取的内容；或实际证明。'],
  },
  proxies_not_known: {
    en: ['The docker-proxy processes were not read', 'See what could not be read; or prove it.'],
    zh: ['未读取 docker-proxy 进程', '查看未能读取的内容；或实际证明。'],
  },
  namespace_not_known: {
    en: ['A namespace on the way could not be looked into', 'See what could not be read; or prove it.'],
    zh: ['无法查看途中的某个命名空间', '查看未能读取的内容；或实际证明。'],
  },
  interface_not_known: {
    en: [
      'The interface belongs to no network that is known',
      'It was made by somebody else than Docker. Prove it: a real connection decides.',
    ],
    zh: ['该接口不属于任何已知网络', '它不是由 Docker 创建的。实际证明：由真实连接判定。'],
  },
  driver_not_modelled: {
    en: ["The network's driver is not modelled", 'Prove it: a real connection decides.'],
    zh: ['该网络的驱动不在模型之内', '实际证明：由真实连接判定。'],
  },
  leaves_the_host: {
    en: ['It leaves this host', 'What is beyond is not seen from here. Prove it: a real connection decides.'],
    zh: ['数据包离开本宿主机', '从这里看不到更远处。实际证明：由真实连接判定。'],
  },
  address_not_unique: {
    en: ['Several have the address', 'Give one of them another address.'],
    zh: ['有多方拥有该地址', '为其中之一更换地址。'],
  },
  container_as_router: {
    en: ['It would pass through a container that forwards', 'Prove it: a real connection decides.'],
    zh: ['它将经过一个转发数据包的容器', '实际证明：由真实连接判定。'],
  },
  queue_may_be_full: {
    en: [
      'Connections wait to be accepted: there may be no room for another',
      'The program does not accept what waits: see whether it hangs or is paused.',
    ],
    zh: ['有连接等待被接受：可能没有空位', '程序没有接受等待中的连接：检查它是否卡住或已暂停。'],
  },
  address_of_another: {
    en: [
      'From there the address is that of another',
      'Each engine has addresses of its own: put both on an overlay, or publish a port and use the address of its host.',
    ],
    zh: [
      '从那里看，该地址属于另一方',
      '每个引擎有自己的地址：将双方接入同一 overlay 网络，或发布端口并使用其宿主机的地址。',
    ],
  },
  encryption_not_known: {
    en: [
      'It is encrypted between the engines, and nobody sees whether their kernels can',
      'Prove it: a real connection decides.',
    ],
    zh: ['引擎之间加密传输，无法得知其内核是否支持', '实际证明：由真实连接判定。'],
  },
  nobody_known_has_address: {
    en: [
      'Nobody who was looked at has the address on that overlay',
      'Somebody on another engine may: let Terrarium reach that engine too, or prove it.',
    ],
    zh: ['在该 overlay 网络上，已查看的各方都没有该地址', '另一引擎上可能有：让 Terrarium 也连接该引擎，或实际证明。'],
  },
};
