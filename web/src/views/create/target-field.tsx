// Whose namespace: the running containers, and what is shared with the chosen one.
import type { Container } from '../../../../src/client/index.ts';
import { store } from '../../store/store.ts';
import { Field } from '../../ui/field.tsx';
import { spellPort } from '../containers/spelling.ts';
import type { FormHandle } from './fields.tsx';
import { messages } from './messages.ts';
import { findOwner, findTarget } from './scene.ts';

export function TargetField({ form }: { form: FormHandle }) {
  const t = messages.value;
  const running = store.containers.all.value.filter(({ state }) => state === 'running');
  const value = form.values.target ?? '';
  const chosen = findTarget(value, store.containers.all.value);
  const groups = [
    { title: t.ofTerrarium, containers: running.filter(({ managed }) => managed) },
    { title: t.ofOthers, containers: running.filter(({ managed }) => !managed) },
  ].filter(({ containers }) => containers.length > 0);
  const isListed = running.some(({ id, name }) => name === value || id === value);
  return (
    <>
      <Field label={t.label('target')} hint={t.hint('target')} error={form.errorOf('target')}>
        {(input) => (
          <select
            {...input}
            value={running.find(({ id }) => id === value)?.name ?? value}
            onChange={({ currentTarget }) => form.set('target', currentTarget.value)}
          >
            <option value="">{t.chooseTarget}</option>
            {!isListed && value !== '' && <option value={value}>{value}</option>}
            {groups.map(({ title, containers }) => (
              <optgroup key={title} label={title}>
                {containers.map(({ id, name, mode }) => (
                  <option key={id} value={name}>
                    {name} ({t.modeTitle(mode)})
                  </option>
                ))}
              </optgroup>
            ))}
          </select>
        )}
      </Field>
      {chosen !== undefined && <Shared target={chosen} />}
    </>
  );
}

function Shared({ target }: { target: Container }) {
  const t = messages.value;
  const owner = findOwner(target, store.containers.all.value);
  const members = target.namespace?.members.map(({ name }) => name) ?? [];
  const addresses = owner.networks.flatMap(({ name, ipv4, ipv6 }) =>
    [ipv4, ipv6].filter((one) => one !== null).map((one) => `${one} (${name})`),
  );
  const rows = [
    [t.sharedMembers, members.join(', ') || t.nothing],
    [t.sharedAddresses, target.effective === 'host' ? t.ofTheHost : addresses.join(', ') || t.loOnly],
    [t.sharedPorts, owner.ports.map(spellPort).join(', ') || t.nothing],
  ] as const;
  return (
    <div class="create-shared">
      <p>{t.sharedAbout(target.name)}</p>
      <dl>
        {rows.map(([title, text]) => (
          <div key={title}>
            <dt>{title}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
