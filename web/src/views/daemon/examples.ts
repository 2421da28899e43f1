// Files to begin with.

export const examples = {
  lecture: `{
    "bip": "192.168.1.5/24",
    "fixed-cidr": "10.20.0.0/16",
    "fixed-cidr-v6": "2001:db8::/64",
    "mtu": 1500,
    "default-gateway": "10.20.1.1",
    "default-gateway-v6": "2001:db8:abcd::89",
    "dns": ["10.20.1.2","10.20.1.3"]
}
`,
  mended: `{
    "bip": "192.168.1.5/24",
    "fixed-cidr": "192.168.1.128/25",
    "ipv6": true,
    "fixed-cidr-v6": "2001:db8::/64",
    "mtu": 1500,
    "default-gateway": "192.168.1.1",
    "default-gateway-v6": "2001:db8::89",
    "dns": ["10.20.1.2","10.20.1.3"]
}
`,
  dns: `{
    "dns": ["1.1.1.1", "9.9.9.9"],
    "log-driver": "json-file",
    "log-opts": { "max-size": "10m", "max-file": "3" },
    "live-restore": true
}
`,
  pools: `{
    "bip": "10.200.0.1/24",
    "default-address-pools": [{ "base": "10.201.0.0/16", "size": 24 }]
}
`,
  slips: `{
    // the address of docker0
    "bip": "192.168.1.5",
    "MTU": "1400",
    "dns": "1.1.1.1",
}
`,
  danger: `{
    "hosts": ["unix:///var/run/docker.sock", "tcp://0.0.0.0:2375"],
    "iptables": false
}
`,
} as const;

export type ExampleName = keyof typeof examples;
export const exampleNames = Object.keys(examples) as ExampleName[];

export function isExample(name: string | undefined): name is ExampleName {
  return name !== undefined && Object.hasOwn(examples, name);
}
