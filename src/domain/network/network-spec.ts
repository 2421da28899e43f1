// What a network will be, and its one translation into Docker's create body (API v1.44+). A field that is not here cannot be sent.

/** One subnet of a network. */
export interface SubnetSpec {
  readonly subnet: string;
  /** The address of the bridge. */
  readonly gateway?: string;
  /** Addresses for containers are taken from here. */
  readonly ipRange?: string;
  /** Addresses that no container gets, by what they are for. */
  readonly auxiliary?: Readonly<Record<string, string>>;
}

export interface NetworkSpec {
  readonly name: string;
  readonly driver: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly options?: Readonly<Record<string, string>>;
  readonly internal?: boolean;
  readonly attachable?: boolean;
  readonly ipv6?: boolean;
  /** Where there is none, the engine chooses one. */
  readonly subnets?: readonly SubnetSpec[];
}

/** The body of `POST /networks/create`. */
export interface NetworkBody {
  readonly Name: string;
  readonly Driver: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Options: Readonly<Record<string, string>>;
  readonly Internal: boolean;
  readonly Attachable: boolean;
  readonly EnableIPv6: boolean;
  readonly IPAM?: {
    readonly Config: readonly {
      readonly Subnet: string;
      readonly Gateway?: string;
      readonly IPRange?: string;
      readonly AuxiliaryAddresses?: Readonly<Record<string, string>>;
    }[];
  };
}

/** The exact body that makes it. */
export function toNetworkBody(spec: NetworkSpec): NetworkBody {
  return {
    Name: spec.name,
    Driver: spec.driver,
    Labels: spec.labels,
    Options: spec.options ?? {},
    Internal: spec.internal ?? false,
    Attachable: spec.attachable ?? false,
    EnableIPv6: spec.ipv6 ?? false,
    ...(spec.subnets !== undefined &&
      spec.subnets.length > 0 && {
        IPAM: {
          Config: spec.subnets.map(({ subnet, gateway, ipRange, auxiliary }) => ({
            Subnet: subnet,
            ...(gateway !== undefined && { Gateway: gateway }),
            ...(ipRange !== undefined && { IPRange: ipRange }),
            ...(auxiliary !== undefined && { AuxiliaryAddresses: auxiliary }),
          })),
        },
      }),
  };
}
