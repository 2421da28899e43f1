// The environment, validated once at start into a frozen Config. Nothing else reads process.env.
import { homedir } from "node:os";
import { join } from "node:path";

/** How the server runs. Durations in milliseconds. */
export interface Config {
	readonly host: string;
	readonly port: number;
	/** null: generated at the first start and kept in `stateDir`, mode 0600. */
	readonly token: string | null;
	readonly stateDir: string;
	readonly observer: "helper";
	readonly helperImage: string;
	readonly defaultImage: string;
	/** Host header values (without or with port) accepted beside those of the listening address. */
	readonly allowedHosts: readonly string[];
	/** Origins (scheme://host[:port]) accepted beside the server's own. */
	readonly allowedOrigins: readonly string[];
	readonly logLevel:
		| "fatal"
		| "error"
		| "warn"
		| "info"
		| "debug"
		| "trace"
		| "silent";
	readonly engines: readonly EngineConfig[];
	/** Registries (`host[:port]`, `docker.io`) from which images may be pulled. */
	readonly registries: readonly string[];
	readonly heartbeatMs: number;
	readonly janitorIntervalMs: number;
	/** Requests a second allowed to one principal. */
	readonly rateLimit: number;
}

export interface EngineConfig {
	readonly name: string;
	readonly endpoint: string;
	/** Allows plain tcp:// beyond loopback, and host mode over it. */
	readonly insecure: boolean;
}

/** One bad setting, in words that name the variable. */
export class ConfigError extends Error {
	override readonly name = "ConfigError";
}

const logLevels = [
	"fatal",
	"error",
	"warn",
	"info",
	"debug",
	"trace",
	"silent",
] as const;

/** Reads and validates the environment. Throws a ConfigError that names the variable, what it holds, and what is allowed. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
	const text = (name: string, fallback: string) => {
		const value = env[name];
		return value === undefined || value === "" ? fallback : value;
	};
	const integer = (
		name: string,
		fallback: number,
		min: number,
		max: number,
	) => {
		const raw = text(name, String(fallback));
		const value = Number(raw);
		if (!/^\d+$/.test(raw) || value < min || value > max)
			throw new ConfigError(
				`${name} is "${raw}"; it must be a whole number from ${min} to ${max}`,
			);
		return value;
	};
	const list = (name: string, fallback = "") =>
		text(name, fallback)
			.split(",")
			.map((part) => part.trim())
			.filter((part) => part !== "");
	const oneOf = <T extends string>(
		name: string,
		fallback: T,
		allowed: readonly T[],
	): T => {
		const raw = text(name, fallback);
		const value = allowed.find((one) => one === raw);
		if (value === undefined)
			throw new ConfigError(
				`${name} is "${raw}"; it must be one of ${allowed.join(", ")}`,
			);
		return value;
	};
	return Object.freeze({
		host: text("TERRARIUM_HOST", "127.0.0.1"),
		port: integer("TERRARIUM_PORT", 4242, 0, 65535),
		token:
			env.TERRARIUM_TOKEN === undefined || env.TERRARIUM_TOKEN === ""
				? null
				: env.TERRARIUM_TOKEN,
		stateDir: text(
			"TERRARIUM_STATE_DIR",
			join(
				env.XDG_STATE_HOME ?? join(homedir(), ".local", "state"),
				"terrarium",
			),
		),
		observer: oneOf("TERRARIUM_OBSERVER", "helper", ["helper"] as const),
		helperImage: text("TERRARIUM_HELPER_IMAGE", "busybox:latest"),
		defaultImage: text("TERRARIUM_DEFAULT_IMAGE", "busybox:latest"),
		allowedHosts: list("TERRARIUM_ALLOWED_HOSTS"),
		allowedOrigins: list("TERRARIUM_ALLOWED_ORIGINS"),
		logLevel: oneOf("TERRARIUM_LOG_LEVEL", "info", logLevels),
		engines: [
			{
				name: "local",
				endpoint: text("DOCKER_HOST", "unix:///var/run/docker.sock"),
				insecure: text("TERRARIUM_INSECURE_ENGINE", "false") === "true",
			},
		],
		registries: list("TERRARIUM_REGISTRIES", "docker.io"),
		heartbeatMs: integer("TERRARIUM_HEARTBEAT_MS", 20_000, 100, 600_000),
		janitorIntervalMs: integer("TERRARIUM_JANITOR_MS", 5_000, 100, 3_600_000),
		rateLimit: integer("TERRARIUM_RATE_LIMIT", 5_000, 10, 1_000_000),
	});
}
