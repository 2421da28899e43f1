// The way of the packet of one cell, hop by hop. It is asked for when the cell is kept: the server looks at the host for it.
import { useEffect, useState } from 'preact/hooks';
import { type PacketPath, TerrariumError } from '../../../../src/client/index.ts';
import { client, store } from '../../store/store.ts';
import { CopyAs } from '../../ui/copy-as.tsx';
import type { Column } from './matrix.ts';
import { messages } from './messages.ts';
import { spellEnd } from './words.ts';

interface PacketWayProps {
  /** Id of the source, `host` or `outside`. */
  readonly from: string;
  readonly column: Column;
  readonly engine: string;
}

export function PacketWay({ from, column, engine }: PacketWayProps) {
  const t = messages.value;
  const [way, setWay] = useState<PacketPath | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const { to, protocol } = column;
  const port = portInside(column);
  useEffect(() => {
    const leaving = new AbortController();
    client()
      .containers.path(to, port, { protocol, from, engine, signal: leaving.signal })
      .then(setWay)
      .catch((error: unknown) => {
        if (!leaving.signal.aborted) setFailure(error instanceof TerrariumError ? error.message : String(error));
      });
    return () => leaving.abort();
  }, [from, to, port, protocol, engine]);
  const paths = way?.paths.filter(({ destination }) => destination.port === column.port) ?? [];
  return (
    <section class="reach-way">
      <h3>{t.path}</h3>
      {failure !== null && <p class="bad">{failure}</p>}
      {way === null && failure === null && <p class="quiet">{t.pathLoading}</p>}
      {paths.map(({ destination, hops }) => (
        <div key={destination.address}>
          <p>
            <code>{spellEnd(destination.address, destination.port)}</code>
          </p>
          <ol class="reach-hops">
            {hops.map(({ kind, name, status, detail, rules }, at) => (
              <li key={at} class={`reach-hop-${status}`}>
                <strong>{name}</strong> <span class="quiet">{kind}</span>
                <div lang="en">{detail}</div>
                {rules.map(({ chain, index, text }) => (
                  <code key={`${chain} ${index} ${text}`} class="reach-rule">
                    {text}
                  </code>
                ))}
              </li>
            ))}
          </ol>
        </div>
      ))}
      <CopyAs
        call={{
          method: 'GET',
          path: `/api/v1/containers/${to}/ports/${port}/${protocol}/path?${new URLSearchParams({ from, engine })}`,
        }}
        cli={['path', to.slice(0, 12), `${port}/${protocol}`, '--from', from.slice(0, 12)]}
      />
    </section>
  );
}

/** A path is asked for by the container's own port. */
function portInside({ to, port, protocol, isPublished }: Column): number {
  if (port === null) return 0;
  if (!isPublished) return port;
  const found = store.containers.get(to)?.ports.find((one) => one.hostPort === port && one.protocol === protocol);
  return found?.containerPort ?? port;
}
