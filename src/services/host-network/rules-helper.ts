// The rules helper of one engine: finds out with which folders and which capabilities it runs there, and is kept as long as somebody asks.
import type { Engine } from '../../engine/engine.ts';
import { Failure } from '../../schemas/failure.ts';
import type { Helper } from '../observation/helper.ts';
import type { ServantStarter } from '../observation/servant-starter.ts';
import { type Sections, StandingHelper } from '../observation/standing-helper.ts';
import { buildRulesBody, programFolders } from './rules-body.ts';

export interface RulesHelperOptions {
  readonly engine: Engine;
  readonly serverId: string;
  readonly start: ServantStarter;
  onLeaving(gone: Promise<void>): void;
}

/** What it can be asked. */
export type RulesWord = 'rules' | 'links' | 'interfaces' | 'sockets';

export class RulesHelper {
  readonly #options: RulesHelperOptions;
  readonly #standing: StandingHelper;
  #folders: readonly string[] = programFolders;
  #needsRawSocket = false;

  constructor(options: RulesHelperOptions) {
    this.#options = options;
    this.#standing = new StandingHelper({ start: () => this.#start(), onLeaving: options.onLeaving });
  }

  /** Answers all words by one look that began after this was called. Fails as starting a helper does. */
  ask(words: readonly RulesWord[]): Promise<Sections> {
    return this.#standing.ask(words);
  }

  close(): void {
    this.#standing.close();
  }

  async #start(): Promise<Helper> {
    const helper = await this.#startWhereFoldersAre();
    const program = (await helper.tick(['program'])).get('program') ?? '';
    if (this.#needsRawSocket || program === '' || program.includes('nft')) return helper;
    // The legacy variant: another one, with what it takes.
    this.#needsRawSocket = true;
    await helper.dispose();
    return this.#startWhereFoldersAre();
  }

  /** The engine names a folder that is not there; one of those that need not be is then left out for good. */
  async #startWhereFoldersAre(): Promise<Helper> {
    for (;;) {
      try {
        return await this.#startWith(this.#folders);
      } catch (error) {
        const missing = this.#findMissing(error);
        if (missing === undefined) throw error;
        this.#folders = this.#folders.filter((folder) => folder !== missing);
      }
    }
  }

  #startWith(folders: readonly string[]): Promise<Helper> {
    const { serverId, start } = this.#options;
    const needsRawSocket = this.#needsRawSocket;
    return start(
      'rules',
      (image) => (boundary) => buildRulesBody({ image, serverId, boundary, folders, needsRawSocket }),
    );
  }

  #findMissing(error: unknown): string | undefined {
    if (!(error instanceof Failure)) return undefined;
    const [, path] = /bind source path does not exist: (\S+)/.exec(error.message) ?? [];
    const [needed] = programFolders;
    return this.#folders.find((folder) => folder === path && folder !== needed);
  }
}
