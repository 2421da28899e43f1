// Beside the form: the line that Docker would take, and what the server warns of.
import { useState } from 'preact/hooks';
import type { DryRun } from '../../../../src/client/index.ts';
import { Button } from '../../ui/button.tsx';
import { copyText } from '../../ui/copy-text.ts';
import { say } from '../../ui/toasts.tsx';
import { type DockerRequest, spellDockerRun } from './docker-run.ts';
import { messages } from './messages.ts';

export function DockerLine({ dryRun, name, networkMode }: { dryRun: DryRun; name: string; networkMode?: string }) {
  const t = messages.value;
  const [isWhole, setWhole] = useState(false);
  const text = spellDockerRun(dryRun.request as DockerRequest, {
    name,
    isWhole,
    ...(networkMode !== undefined && { networkMode }),
  });
  const copy = async () => {
    if (await copyText(text)) say(t.copied);
  };
  return (
    <section class="create-line" aria-label={t.dockerLine}>
      <h2>{t.dockerLine}</h2>
      <pre>{text}</pre>
      <div class="create-tools">
        <label class="check">
          <input type="checkbox" checked={isWhole} onChange={({ currentTarget }) => setWhole(currentTarget.checked)} />
          {t.whole}
        </label>
        <Button onClick={() => void copy()}>{t.copy}</Button>
      </div>
    </section>
  );
}

export function Warnings({ warnings }: { warnings: readonly string[] }) {
  const t = messages.value;
  if (warnings.length === 0) return null;
  return (
    <section class="create-warnings" aria-label={t.warnings}>
      <h2>{t.warnings}</h2>
      <ul>
        {warnings.map((warning) => (
          <li key={warning}>{warning}</li>
        ))}
      </ul>
    </section>
  );
}
