// What a rules helper is to the engine: the create body of a container that may read the host's packet filter, and runs the host's own program for it.
import type { CreateBody, DockerMount } from '../../domain/container/create-body.ts';
import { roles } from '../../domain/labels.ts';
import { buildServantBody } from '../servant-body.ts';
import { hostFolder, rulesScript } from './rules-script.ts';

export interface RulesHelperSpec {
  /** Image by id. */
  readonly image: string;
  /** Which server's it is. */
  readonly serverId: string;
  /** Random; begins every mark of its output. */
  readonly boundary: string;
  /** Folders of the host that it sees, read-only. */
  readonly folders: readonly string[];
  /** What the legacy variant of iptables needs beside NET_ADMIN: it asks through a raw socket. */
  readonly needsRawSocket: boolean;
}

/** Where iptables and its libraries are. A host that has one of them not is no less a host: only the first has to be there. */
export const programFolders = ['/usr', '/lib', '/lib64', '/sbin', '/etc/alternatives'] as const;

/**
 * The kernel tells the rules to nobody without NET_ADMIN in the host's namespace, and iptables to nobody but root. It is root without any other
 * capability, with nothing to write to, and sees no process but its own.
 */
export function buildRulesBody({ image, serverId, boundary, folders, needsRawSocket }: RulesHelperSpec): CreateBody {
  const mounts = folders.map(
    (folder): DockerMount => ({ Type: 'bind', Source: folder, Target: hostFolder + folder, ReadOnly: true }),
  );
  return buildServantBody({
    image,
    serverId,
    role: roles.rules,
    script: rulesScript,
    arguments: ['rules', boundary],
    user: '0:0',
    host: {
      NetworkMode: 'host',
      CapAdd: needsRawSocket ? ['NET_ADMIN', 'NET_RAW'] : ['NET_ADMIN'],
      Mounts: mounts,
      // Somebody waits for it, and it is at work for a moment only.
      CpuQuota: 100_000,
      PidsLimit: 32,
    },
  });
}
