// The bodies of `POST /containers/{mode}`: one schema a mode, unknown fields refused. Strings that Docker itself interprets (ports, image,
// durations, sizes) are parsed in the domain, where the error can name the culprit; here only their shape and size is bounded.
import { type Static, Type } from "typebox";

const closedObject = { additionalProperties: false } as const;

/** No NUL: the engine hands these strings to execve. */
const argument = (maxLength: number, options = {}) =>
	Type.String({ maxLength, pattern: "^[^\\u0000]*$", ...options });

/** Docker's rule for names: two characters at least. */
export const containerNamePattern = "^[a-zA-Z0-9][a-zA-Z0-9_.-]+$";

export const LabName = Type.String({
	pattern: "^[a-z0-9][a-z0-9_.-]*$",
	maxLength: 63,
	description: "Name of a lab",
});
export const EngineName = Type.String({
	pattern: "^[a-zA-Z0-9][a-zA-Z0-9_.-]*$",
	maxLength: 63,
});

export const Limits = Type.Object(
	{
		memory: Type.Optional(
			Type.Union(
				[Type.Integer({ minimum: 6_291_456 }), Type.String({ maxLength: 32 })],
				{
					description:
						"Bytes, or as `docker run -m` takes it: `64m`, `1g`; at least 6m",
				},
			),
		),
		cpus: Type.Optional(
			Type.Number({
				minimum: 0.01,
				maximum: 1024,
				description: "CPUs, as `docker run --cpus`",
			}),
		),
		pids: Type.Optional(Type.Integer({ minimum: 1, maximum: 4_194_304 })),
	},
	closedObject,
);

const common = {
	name: Type.Optional(
		Type.String({
			pattern: containerNamePattern,
			maxLength: 128,
			examples: ["t1"],
		}),
	),
	image: Type.Optional(
		Type.String({
			minLength: 1,
			maxLength: 512,
			description: "Default: busybox:latest",
		}),
	),
	command: Type.Optional(
		Type.Array(argument(65_536), {
			maxItems: 256,
			description: "Arguments; no shell reads them",
			examples: [["/bin/httpd", "-f", "-p", "2222"]],
		}),
	),
	entrypoint: Type.Optional(Type.Array(argument(65_536), { maxItems: 64 })),
	env: Type.Optional(
		Type.Union(
			[
				Type.Record(
					Type.String({ pattern: "^[^=\\u0000]+$", maxLength: 256 }),
					argument(32_768),
					{ maxProperties: 256 },
				),
				Type.Array(
					Type.String({
						pattern: "^[^=\\u0000]+=[^\\u0000]*$",
						maxLength: 33_024,
					}),
					{ maxItems: 256 },
				),
			],
			{ description: "An object, or an array of NAME=value" },
		),
	),
	workingDir: Type.Optional(argument(4_096, { minLength: 1 })),
	user: Type.Optional(argument(256, { minLength: 1 })),
	hostname: Type.Optional(
		Type.String({
			pattern:
				"^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(\\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$",
			maxLength: 63,
		}),
	),
	tty: Type.Optional(
		Type.Boolean({
			description:
				"Default true without command, so that a shell image stays up",
		}),
	),
	stdin: Type.Optional(
		Type.Boolean({ description: "Default true without command" }),
	),
	autoRemove: Type.Optional(Type.Boolean()),
	restart: Type.Optional(
		Type.String({
			maxLength: 32,
			description: "no, always, unless-stopped, on-failure[:N]",
		}),
	),
	labels: Type.Optional(
		Type.Record(
			Type.String({ minLength: 1, maxLength: 256 }),
			Type.String({ maxLength: 4_096 }),
			{ maxProperties: 64 },
		),
	),
	lab: Type.Optional(LabName),
	ttl: Type.Optional(
		Type.String({
			maxLength: 32,
			description: "Life time, such as 30m or 2h",
			examples: ["2h"],
		}),
	),
	engine: Type.Optional(EngineName),
	limits: Type.Optional(Limits),
	capabilities: Type.Optional(
		Type.Array(
			Type.Unsafe<"NET_ADMIN" | "NET_RAW">({
				type: "string",
				enum: ["NET_ADMIN", "NET_RAW"],
			}),
			{
				maxItems: 2,
				uniqueItems: true,
			},
		),
	),
	pull: Type.Optional(
		Type.Unsafe<"missing" | "never" | "always">({
			type: "string",
			enum: ["missing", "never", "always"],
		}),
	),
};

const onNetwork = {
	network: Type.Optional(
		Type.String({
			pattern: "^[a-zA-Z0-9][a-zA-Z0-9_.-]*$",
			maxLength: 128,
			description: "A bridge or overlay network, by name or id",
		}),
	),
	ip: Type.Optional(Type.String({ format: "ipv4" })),
	ip6: Type.Optional(Type.String({ format: "ipv6" })),
	aliases: Type.Optional(
		Type.Array(
			Type.String({ pattern: "^[a-zA-Z0-9][a-zA-Z0-9_.-]*$", maxLength: 128 }),
			{ maxItems: 16 },
		),
	),
	dns: Type.Optional(
		Type.Array(
			Type.String({
				minLength: 2,
				maxLength: 45,
				description: "An IP address",
			}),
			{ maxItems: 8 },
		),
	),
};

export const CreateClosed = Type.Object(
	{ ...common },
	{ $id: "CreateClosed", ...closedObject },
);
export type CreateClosed = Static<typeof CreateClosed>;

export const CreateBridged = Type.Object(
	{ ...common, ...onNetwork },
	{ $id: "CreateBridged", ...closedObject },
);
export type CreateBridged = Static<typeof CreateBridged>;

/** hostname and dns belong to the target's namespace: Docker refuses them here, and so do we, by name. */
export const CreateJoined = Type.Object(
	{
		...common,
		target: Type.String({
			minLength: 1,
			maxLength: 255,
			description: "Full id, exact name, or unique prefix of an id",
		}),
	},
	{ $id: "CreateJoined", ...closedObject },
);
export type CreateJoined = Static<typeof CreateJoined>;

export const CreateOpen = Type.Object(
	{
		...common,
		...onNetwork,
		ports: Type.Optional(
			Type.Array(Type.String({ minLength: 1, maxLength: 256 }), {
				minItems: 1,
				maxItems: 128,
				description:
					"As `docker run -p`: containerPort, hostPort:containerPort, ip::containerPort, ip:hostPort:containerPort",
				examples: [
					["2222", "8080:2222", "127.0.0.1::2222", "127.0.0.1:8081:2222"],
				],
			}),
		),
		publishAll: Type.Optional(Type.Boolean()),
		host: Type.Optional(
			Type.Boolean({ description: "Share the host's own network namespace" }),
		),
	},
	{ $id: "CreateOpen", ...closedObject },
);
export type CreateOpen = Static<typeof CreateOpen>;

/** Any of the four, with its mode: what the create service takes. */
export type CreateRequest =
	| ({ mode: "closed" } & CreateClosed)
	| ({ mode: "bridged" } & CreateBridged)
	| ({ mode: "joined" } & CreateJoined)
	| ({ mode: "open" } & CreateOpen);
