// The fields of the form: what one mostly needs, and the rest under "More".
import { useState } from 'preact/hooks';
import { store } from '../../store/store.ts';
import { CheckField, ChoiceField, type FormHandle, LinesField, TextField } from './fields.tsx';
import { type CreateMode, type FieldName, hasField } from './form.ts';
import { messages } from './messages.ts';
import { PortsField } from './ports-field.tsx';
import { TargetField } from './target-field.tsx';

const moreGroups = {
  program: ['entrypoint', 'env', 'workingDir', 'user', 'tty', 'stdin'],
  networking: ['hostname', 'ip', 'ip6', 'aliases', 'dns', 'publishAll', 'rejoin'],
  life: ['autoRemove', 'restart', 'lab', 'ttl', 'engine', 'pull'],
  bounds: ['memory', 'cpus', 'pids', 'capabilities', 'labels'],
} as const satisfies Readonly<Record<string, readonly FieldName[]>>;

export function FormFields({
  mode,
  form,
  images,
  wrongPort,
}: {
  mode: CreateMode;
  form: FormHandle;
  images: readonly string[];
  wrongPort: number;
}) {
  const t = messages.value;
  // It does not close under somebody who empties its last field.
  const [isOpen, setOpen] = useState(false);
  const isUsed = (name: FieldName) => (form.values[name] ?? '') !== '' || form.errorOf(name) !== undefined;
  const groups = Object.entries(moreGroups).map(([title, names]) => ({
    title: title as keyof typeof moreGroups,
    names: (names as readonly FieldName[]).filter((name) => hasField(mode, name)),
  }));
  return (
    <>
      {mode === 'joined' && <TargetField form={form} />}
      <TextField form={form} name="name" placeholder="web" />
      <TextField form={form} name="image" placeholder="busybox:latest" suggestions={images} />
      <TextField form={form} name="command" placeholder="httpd -f -p 2222" isCode />
      {mode === 'open' && <CheckField form={form} name="host" />}
      {(mode === 'bridged' || (mode === 'open' && form.values.host !== 'yes')) && <NetworkField form={form} />}
      {mode === 'open' && form.values.host !== 'yes' && <PortsField form={form} wrong={wrongPort} />}
      <details
        class="create-more"
        open={isOpen || groups.some(({ names }) => names.some(isUsed))}
        onToggle={({ currentTarget }) => setOpen(currentTarget.open)}
      >
        <summary>{t.moreFields}</summary>
        {groups
          .filter(({ names }) => names.length > 0)
          .map(({ title, names }) => (
            <fieldset key={title}>
              <legend>{t[title]}</legend>
              <div class="create-grid">
                {names.map((name) => (
                  <OtherField key={name} form={form} name={name} />
                ))}
              </div>
            </fieldset>
          ))}
      </details>
    </>
  );
}

function OtherField({ form, name }: { form: FormHandle; name: FieldName }) {
  const t = messages.value;
  const byServer = { value: '', title: t.byServer };
  switch (name) {
    case 'env':
    case 'labels':
      return <LinesField form={form} name={name} placeholder={name === 'env' ? 'DEBUG=1' : 'course=networks'} />;
    case 'tty':
    case 'stdin':
      return (
        <ChoiceField
          form={form}
          name={name}
          options={[byServer, { value: 'yes', title: t.yes }, { value: 'no', title: t.no }]}
        />
      );
    case 'autoRemove':
    case 'publishAll':
      return <CheckField form={form} name={name} />;
    case 'pull':
      return (
        <ChoiceField
          form={form}
          name={name}
          options={[
            { value: '', title: t.pullMissing },
            { value: 'always', title: t.pullAlways },
            { value: 'never', title: t.pullNever },
          ]}
        />
      );
    case 'rejoin':
      return (
        <ChoiceField
          form={form}
          name={name}
          options={[
            { value: '', title: t.rejoinManual },
            { value: 'auto', title: t.rejoinAuto },
          ]}
        />
      );
    case 'engine':
      return (
        <ChoiceField
          form={form}
          name={name}
          options={[byServer, ...store.engines.all.value.map((engine) => ({ value: engine.name, title: engine.name }))]}
        />
      );
    case 'capabilities':
      return <TextField form={form} name={name} suggestions={['NET_ADMIN', 'NET_RAW', 'NET_ADMIN NET_RAW']} />;
    case 'restart':
      return <TextField form={form} name={name} suggestions={['no', 'always', 'unless-stopped', 'on-failure:3']} />;
    case 'entrypoint':
      return <TextField form={form} name={name} isCode />;
    default:
      return <TextField form={form} name={name} />;
  }
}

function NetworkField({ form }: { form: FormHandle }) {
  const t = messages.value;
  const engine = form.values.engine;
  const value = form.values.network ?? '';
  const subnets = new Map(
    store.networks.all.value
      .filter(
        ({ driver, name, engine: where }) =>
          (driver === 'bridge' || driver === 'overlay') &&
          name !== 'bridge' &&
          (engine === undefined || where === engine),
      )
      .map(({ name, bip }) => [name, bip]),
  );
  const isListed = value === '' || subnets.has(value);
  return (
    <ChoiceField
      form={form}
      name="network"
      options={[
        { value: '', title: t.defaultNetwork },
        ...(isListed ? [] : [{ value, title: value }]),
        ...[...subnets].map(([name, bip]) => ({ value: name, title: bip === null ? name : `${name} (${bip})` })),
      ]}
    />
  );
}
