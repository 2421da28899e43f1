// `log-driver` and `log-opts`, as dockerd checks them at its start: options only, and only where there are some.
import type { Findings } from './findings.ts';
import { parseByteSize, parseDuration } from './go/sizes.ts';
import type { Reading } from './reading.ts';
import { splitHostPort } from './registries.ts';

type Options = ReadonlyMap<string, string>;

/** Why options do not fit, in dockerd's words; undefined where they do. */
type Check = (options: Options) => string | undefined;

const common = ['labels', 'labels-regex', 'env', 'env-regex', 'tag'];

/** Every driver of dockerd, and how it looks at its options. */
const drivers: Readonly<Record<string, Check>> = {
  'json-file': known(
    [...common, 'max-file', 'max-size', 'compress'],
    (name) => `unknown log opt '${name}' for json-file log driver`,
  ),
  local: known(['max-file', 'max-size', 'compress'], (name) => `unknown log opt '${name}' for log driver local`),
  journald: known(common, (name) => `unknown log opt '${name}' for journald log driver`),
  splunk: known(
    [
      ...common,
      'splunk-url',
      'splunk-token',
      'splunk-source',
      'splunk-sourcetype',
      'splunk-index',
      'splunk-capath',
      'splunk-caname',
      'splunk-insecureskipverify',
      'splunk-format',
      'splunk-verify-connection',
      'splunk-gzip',
      'splunk-gzip-level',
      'splunk-index-acknowledgment',
    ],
    (name) => `unknown log opt '${name}' for splunk log driver`,
  ),
  gcplogs: known(
    [
      'gcp-project',
      'labels',
      'labels-regex',
      'env',
      'env-regex',
      'gcp-log-cmd',
      'gcp-meta-zone',
      'gcp-meta-name',
      'gcp-meta-id',
    ],
    (name) => `${JSON.stringify(name)} is not a valid option for the gcplogs driver`,
  ),
  syslog: inOrder(
    known(
      [
        ...common,
        'syslog-address',
        'syslog-facility',
        'syslog-tls-ca-cert',
        'syslog-tls-cert',
        'syslog-tls-key',
        'syslog-tls-skip-verify',
        'syslog-format',
      ],
      (name) => `unknown log opt '${name}' for syslog log driver`,
    ),
    checkSyslog,
  ),
  fluentd: inOrder(
    known(
      [
        ...common,
        'fluentd-address',
        'fluentd-async',
        'fluentd-async-connect',
        'fluentd-async-reconnect-interval',
        'fluentd-buffer-limit',
        'fluentd-max-retries',
        'fluentd-request-ack',
        'fluentd-retry-wait',
        'fluentd-sub-second-precision',
      ],
      (name) => `unknown log opt '${name}' for fluentd log driver`,
    ),
    checkFluentd,
  ),
  awslogs: inOrder(
    known(
      [
        'awslogs-group',
        'awslogs-stream',
        'awslogs-create-group',
        'awslogs-region',
        'awslogs-endpoint',
        'tag',
        'awslogs-datetime-format',
        'awslogs-multiline-pattern',
        'awslogs-credentials-endpoint',
        'awslogs-force-flush-interval-seconds',
        'awslogs-max-buffered-events',
        'awslogs-format',
      ],
      (name) => `unknown log opt '${name}' for awslogs log driver`,
    ),
    checkAwslogs,
  ),
  gelf: checkGelf,
};

/** Checks both keys. Without options a driver that does not exist is found only when a container starts. */
export function checkLogging({ values }: Reading, findings: Findings): void {
  const driver = values['log-driver'] || 'json-file';
  const options = new Map([...(values['log-opts'] ?? [])].map(([name, value]) => [name, value ?? '']));
  const names = Object.keys(drivers).join(', ');
  if (options.size === 0) {
    if (driver !== 'none' && !Object.hasOwn(drivers, driver))
      findings.warning({
        key: 'log-driver',
        code: 'name_not_found',
        message: `dockerd has no log driver ${JSON.stringify(driver)} of its own; it starts, and containers do not, unless a plugin of that name is there`,
        fix: `Write one of ${names}, none`,
      });
    return;
  }
  const says = findLogProblem(driver, options);
  if (says === undefined) return;
  const isDriver = says.startsWith('error looking up');
  findings.error('start', `failed to start daemon: failed to set log opts: failed to set log opts: ${says}`, {
    key: isDriver ? 'log-driver' : 'log-opts',
    code: isDriver ? 'name_not_found' : 'invalid_value',
    message: isDriver
      ? `There is no log driver ${JSON.stringify(driver)}`
      : `"log-opts" does not fit the driver ${driver}: ${says}`,
    fix: isDriver ? `Write one of ${names}, none` : `Write options that ${driver} knows`,
  });
}

function findLogProblem(driver: string, options: Options): string | undefined {
  if (driver === 'none') return undefined;
  const mode = options.get('mode') ?? '';
  if (!['', 'blocking', 'non-blocking'].includes(mode)) return `logger: logging mode not supported: ${mode}`;
  const buffer = options.get('max-buffer-size');
  if (buffer !== undefined) {
    if (mode !== 'non-blocking') return "logger: max-buffer-size option is only supported with 'mode=non-blocking'";
    const size = parseByteSize(buffer);
    if (typeof size !== 'bigint') return `error parsing option max-buffer-size: ${size.says}`;
  }
  const disabled = options.get('cache-disabled') ?? '';
  if (disabled !== '' && !isBool(disabled)) return `invalid value for option cache-disabled: ${disabled}`;
  const check = Object.hasOwn(drivers, driver) ? drivers[driver] : undefined;
  if (check === undefined)
    return `error looking up logging plugin ${driver}: plugin ${JSON.stringify(driver)} not found`;
  return check(new Map([...options].filter(([name]) => !ofEveryDriver.has(name))));
}

const ofEveryDriver: ReadonlySet<string> = new Set([
  'mode',
  'max-buffer-size',
  'cache-disabled',
  'cache-max-size',
  'cache-max-file',
  'cache-compress',
]);

function known(names: readonly string[], refuse: (name: string) => string): Check {
  return (options) => {
    const odd = [...options.keys()].find((name) => !names.includes(name));
    return odd === undefined ? undefined : refuse(odd);
  };
}

function inOrder(...checks: readonly Check[]): Check {
  return (options) => {
    for (const check of checks) {
      const says = check(options);
      if (says !== undefined) return says;
    }
    return undefined;
  };
}

function isBool(text: string): boolean {
  return /^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(text);
}

const facilities =
  'kern user mail daemon auth syslog lpr news uucp cron authpriv ftp local0 local1 local2 local3 local4 local5 local6 local7'.split(
    ' ',
  );

function checkSyslog(options: Options): string | undefined {
  const address = options.get('syslog-address') ?? '';
  if (address !== '') {
    const url = /^([a-z+]*):\/\/([^/]*)(.*)$/i.exec(address);
    if (url === null) return `unsupported scheme: '${/^([a-z][a-z0-9+.-]*):/i.exec(address)?.[1] ?? ''}'`;
    const [, protocol = '', host = '', path = ''] = url;
    if (protocol === 'unix' || protocol === 'unixgram') {
      if (!/^\/(dev\/log|var\/run|run|etc|tmp)\/?$/.test(path) || path.startsWith('/dev/log'))
        return `stat ${path}: no such file or directory`;
    } else if (protocol === 'udp' || protocol === 'tcp' || protocol === 'tcp+tls') {
      const port = host.includes(':') ? host.slice(host.lastIndexOf(':')) : '';
      if (!host.endsWith(']') && !/^(:\d*)?$/.test(port))
        return `parse ${JSON.stringify(address)}: invalid port ${JSON.stringify(port)} after host`;
    } else return `unsupported scheme: '${protocol}'`;
  }
  const facility = options.get('syslog-facility') ?? '';
  if (facility !== '' && !facilities.includes(facility) && !(/^\d+$/.test(facility) && Number(facility) <= 23))
    return 'invalid syslog facility';
  return ['', 'rfc3164', 'rfc5424', 'rfc5424micro'].includes(options.get('syslog-format') ?? '')
    ? undefined
    : 'Invalid syslog format';
}

function checkGelf(options: Options): string | undefined {
  const address = options.get('gelf-address') ?? '';
  if (address === '') return 'gelf-address is a required parameter';
  const [, scheme = '', host = ''] = /^([a-z]+):\/\/([^/?#]*)/.exec(address) ?? [];
  if (scheme !== 'udp' && scheme !== 'tcp') return 'gelf: endpoint needs to be TCP or UDP';
  if (splitHostPort(host).host === host) return 'gelf: please provide gelf-address as proto://host:port';
  for (const [name, value] of options) {
    const isNumber = /^[+-]?\d+$/.test(value);
    switch (name) {
      case 'gelf-address':
      case 'tag':
      case 'labels':
      case 'labels-regex':
      case 'env':
      case 'env-regex':
        break;
      case 'gelf-compression-level':
      case 'gelf-compression-type': {
        if (scheme !== 'udp') return 'compression is only supported on UDP';
        const fits =
          name === 'gelf-compression-type'
            ? ['gzip', 'zlib', 'none'].includes(value)
            : isNumber && Number(value) >= -1 && Number(value) <= 9;
        if (!fits)
          return `unknown value ${JSON.stringify(value)} for log opt ${JSON.stringify(name)} for gelf log driver`;
        break;
      }
      case 'gelf-tcp-max-reconnect':
      case 'gelf-tcp-reconnect-delay':
        if (scheme !== 'tcp') return `${JSON.stringify(name)} is only valid for TCP`;
        if (!isNumber || Number(value) < 0) return `${JSON.stringify(name)} must be a positive integer`;
        break;
      default:
        return `unknown log opt ${JSON.stringify(name)} for gelf log driver`;
    }
  }
  return undefined;
}

function checkFluentd(options: Options): string | undefined {
  const given = (name: string) => options.get(`fluentd-${name}`) ?? '';
  const address = given('address');
  const why = address === '' ? undefined : findFluentdAddressProblem(address);
  if (why !== undefined) return `invalid fluentd-address (${address}): ${why}`;
  const limit = given('buffer-limit') === '' ? 0n : parseByteSize(given('buffer-limit'));
  if (typeof limit !== 'bigint') return limit.says;
  if (given('retry-wait') !== '' && parseDuration(given('retry-wait')) === null)
    return describeDuration(given('retry-wait'));
  const retries = given('max-retries');
  if (retries !== '' && !/^\d+$/.test(retries))
    return `strconv.ParseUint: parsing ${JSON.stringify(retries)}: invalid syntax`;
  if (given('async') !== '' && given('async-connect') !== '')
    return "conflicting options: cannot specify both 'fluentd-async' and 'fluentd-async-connect";
  for (const name of ['async', 'async-connect'])
    if (given(name) !== '' && !isBool(given(name))) return describeBool(given(name));
  const interval = given('async-reconnect-interval');
  if (interval !== '') {
    const wait = parseDuration(interval);
    if (wait === null) return `invalid value for fluentd-async-reconnect-interval: ${describeDuration(interval)}`;
    if (wait !== 0 && (wait < 100e6 || wait > 10e9))
      return `invalid value for fluentd-async-reconnect-interval: value (${JSON.stringify(interval)}) must be between 100ms and 10s`;
  }
  for (const name of ['sub-second-precision', 'request-ack'])
    if (given(name) !== '' && !isBool(given(name))) return describeBool(given(name));
  return undefined;
}

function describeBool(text: string): string {
  return `strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`;
}

function describeDuration(text: string): string {
  return /\d$/.test(text) && /^[+-]?[\d.]+$/.test(text)
    ? `time: missing unit in duration ${JSON.stringify(text)}`
    : `time: invalid duration ${JSON.stringify(text)}`;
}

function findFluentdAddressProblem(address: string): string | undefined {
  const url = address.includes('://') ? address : `tcp://${address}`;
  const [, scheme = '', host = '', path = ''] = /^([^:]*):\/\/([^/]*)(.*)$/s.exec(url) ?? [];
  if (scheme === 'unix') return path.replace(/^\/+/, '') === '' ? 'path is empty' : undefined;
  if (scheme !== 'tcp' && scheme !== 'tls') return `unsupported scheme: '${scheme}'`;
  if (path !== '') return 'should not contain a path element';
  const port = /:([^:\]]*)$/.exec(host)?.[1] ?? '';
  if (!/^\d*$/.test(port)) return `parse ${JSON.stringify(url)}: invalid port ${JSON.stringify(`:${port}`)} after host`;
  return Number(port) > 65_535
    ? `invalid port: strconv.ParseUint: parsing ${JSON.stringify(port)}: value out of range`
    : undefined;
}

function checkAwslogs(options: Options): string | undefined {
  const given = (name: string) => options.get(`awslogs-${name}`) ?? '';
  if (given('group') === '') return "must specify a value for log opt 'awslogs-group'";
  const create = given('create-group');
  if (create !== '' && !isBool(create))
    return `must specify valid value for log opt 'awslogs-create-group': ${describeBool(create)}`;
  for (const name of ['force-flush-interval-seconds', 'max-buffered-events']) {
    const value = given(name);
    if (value !== '' && !(/^\+?\d+$/.test(value) && Number(value) > 0))
      return `must specify a positive integer for log opt 'awslogs-${name}': ${value}`;
  }
  const [hasDate, hasPattern] = [options.has('awslogs-datetime-format'), options.has('awslogs-multiline-pattern')];
  if (hasDate && hasPattern)
    return "you cannot configure log opt 'awslogs-datetime-format' and 'awslogs-multiline-pattern' at the same time";
  const format = given('format');
  if (format === '') return undefined;
  if (format !== 'json/emf') return `unsupported log format '${format}'`;
  return hasDate || hasPattern
    ? "you cannot configure log opt 'awslogs-datetime-format' or 'awslogs-multiline-pattern' when log opt 'awslogs-format' is set to 'json/emf'"
    : undefined;
}
