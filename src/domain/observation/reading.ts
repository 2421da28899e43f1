// One reading of a namespace: what a helper's sections mean. Data only; who asked, and when, is added by the service.
import type { Interface, Neighbour, Resolver, Route } from '../../schemas/ifconfig.ts';
import { parseArp } from './arp.ts';
import { cutLines, helperLimits } from './helper-output.ts';
import { parseInterfaces, selectUpInterfaces } from './interfaces.ts';
import { parseResolver } from './resolver.ts';
import { parseIpv4Routes, parseIpv6Routes } from './routes.ts';
import { parseSocketTables, type SocketTables } from './socket-tables.ts';

/** The interfaces of one reading, with the program's text of all of them and of those that are UP. */
export interface InterfacesReading {
  readonly interfaces: readonly Interface[];
  readonly routes: readonly Route[];
  readonly neighbours: readonly Neighbour[];
  readonly dns: Resolver;
  readonly truncated: boolean;
  /** What `ifconfig -a` prints, or with `onlyUp` what `ifconfig` does. */
  text(options: { readonly onlyUp: boolean }): string;
}

export interface NamespaceReading {
  readonly sockets?: SocketTables;
  readonly interfaces?: InterfacesReading;
  /** Texts of netstat by canonical letters. */
  readonly texts: ReadonlyMap<string, string>;
}

/** Turns the sections of an answer into a reading. What was not asked for is not there. */
export function readSections(sections: ReadonlyMap<string, string>): NamespaceReading {
  const sockets = sections.get('sockets');
  const ifconfig = sections.get('ifconfig');
  const texts = new Map<string, string>();
  for (const [name, text] of sections) {
    if (name.startsWith('-')) texts.set(name.slice(1), boundNetstatText(text));
  }
  return {
    ...(sockets !== undefined && { sockets: parseSocketTables(sockets, helperLimits.socketRows) }),
    ...(ifconfig !== undefined && { interfaces: readInterfaces(ifconfig, sections) }),
    texts,
  };
}

function readInterfaces(ifconfig: string, sections: ReadonlyMap<string, string>): InterfacesReading {
  let truncated = false;
  const bounded = (text: string, maxLines: number) => {
    const cut = cutLines(text, maxLines);
    truncated ||= cut.truncated;
    return cut.text;
  };
  const list = (name: string) => bounded(sections.get(name) ?? '', helperLimits.listLines);
  const whole = bounded(ifconfig, helperLimits.ifconfigLines);
  // A cut can only be within a paragraph: the last whole one is the end.
  const textOfAll = truncated ? whole.slice(0, whole.lastIndexOf('\n\n') + 2) : whole;
  const interfaces = parseInterfaces(textOfAll, list('addresses'), sections.get('devices') ?? '');
  const routes = [...parseIpv4Routes(list('routes')), ...parseIpv6Routes(list('routes6'))];
  const neighbours = parseArp(list('neighbours'));
  return {
    interfaces,
    routes,
    neighbours,
    dns: parseResolver(sections.get('resolver') ?? ''),
    truncated,
    text: ({ onlyUp }) => (onlyUp ? selectUpInterfaces(textOfAll) : textOfAll),
  };
}

/** Two lines of heading and the rows; where rows are cut, a last line says so, because a text has no other place for it. */
function boundNetstatText(text: string): string {
  const cut = cutLines(text, helperLimits.textRows + 2);
  return cut.truncated ? `${cut.text}(truncated after ${helperLimits.textRows} rows)\n` : cut.text;
}
