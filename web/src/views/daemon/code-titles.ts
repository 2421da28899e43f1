// What each problem code is called, in both languages; the server's own sentence says the rest, in English. Held to the closed list by the compiler.
import type { DaemonConfigProblem } from '../../../../src/client/index.ts';
import type { Language } from '../../preferences.ts';

type Code = DaemonConfigProblem['code'];

export function titleCode(code: Code, language: Language): string {
  // A server that is newer than this page may know more.
  return titles[code]?.[language === 'zh' ? 1 : 0] ?? code;
}

const titles: Readonly<Record<Code, readonly [en: string, zh: string]>> = {
  not_utf8: ['Not UTF-8', '不是 UTF-8'],
  malformed_json: ['No JSON', '不是合法的 JSON'],
  not_an_object: ['No object', '不是对象'],
  unknown_key: ['Unknown key', '未知的键'],
  wrong_type: ['Wrong type', '类型错误'],
  number_too_large: ['Number too large', '数字过大'],
  invalid_value: ['Invalid value', '无效的值'],
  invalid_address: ['No address', '不是有效地址'],
  invalid_subnet: ['No subnet', '不是有效子网'],
  invalid_host: ['Cannot listen there', '无法在此监听'],
  out_of_range: ['Out of range', '超出范围'],
  file_missing: ['A file is missing', '缺少文件'],
  name_not_found: ['Name not found', '找不到名称'],
  address_not_here: ['Not an address of this host', '不是本机地址'],
  not_supported: ['Not supported', '不支持'],
  bridge_missing: ['No such bridge', '没有此网桥'],
  not_a_bridge: ['Not a bridge', '不是网桥'],
  address_reserved: ['Address is reserved', '地址被保留'],
  gateway_outside_subnet: ['Gateway outside of the subnet', '网关不在子网内'],
  wrong_family: ['IPv4 and IPv6 mixed up', '混淆了 IPv4 与 IPv6'],
  subnet_missing: ['Subnet is missing', '缺少子网'],
  no_free_pool: ['No free subnet', '没有空闲子网'],
  pool_invalid: ['Invalid address pool', '无效的地址池'],
  conflicting_keys: ['These contradict each other', '互相矛盾'],
  needs_experimental: ['Needs "experimental"', '需要“experimental”'],
  already_bound: ['In use already', '已被占用'],
  stops_at_once: ['Ends at once', '立即结束'],
  no_effect: ['Has no effect', '没有效果'],
  duplicate_key: ['Stands there twice', '重复的键'],
  misplaced_key: ['In the wrong place', '位置错误'],
  byte_order_mark: ['Byte-order mark', '字节顺序标记'],
  unauthenticated_tcp: ['Asks nobody for a password', '无需任何认证'],
  open_to_the_network: ['Open to the network', '对网络开放'],
  open_to_containers: ['Open to containers', '对容器开放'],
  flag_conflict: ['Conflicts with flags', '与命令行参数冲突'],
  slow_start: ['Slow start', '启动缓慢'],
  file_overwritten: ['Overwrites a file', '覆盖文件'],
  range_outside_subnet: ['Range outside of the subnet', '范围不在子网内'],
  existing_bridge_kept: ['The docker0 that is there is kept', '保留现有 docker0'],
  bridge_readdressed: ['docker0 gets another address', 'docker0 更换地址'],
  bridge_removed: ['docker0 is removed', '删除 docker0'],
  depends_on_host: ['Hangs on the host', '取决于宿主机'],
  deprecated: ['Deprecated', '已弃用'],
  other_engine_version: ['Another version', '其他版本'],
  more_problems: ['More', '更多问题'],
};
