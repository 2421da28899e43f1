// The kinds of fields that the form has, each bound to one text of it.
import type { ComponentChildren } from 'preact';
import { Field } from '../../ui/field.tsx';
import type { CreateForm, FieldName } from './form.ts';
import { messages } from './messages.ts';

export interface FormHandle {
  readonly values: CreateForm;
  set(name: FieldName, value: string): void;
  /** What is wrong with it; undefined where nothing is. */
  errorOf(name: FieldName): string | undefined;
}

interface Bound {
  readonly form: FormHandle;
  readonly name: FieldName;
}

export function TextField({
  form,
  name,
  placeholder,
  suggestions,
  isCode = false,
}: Bound & {
  readonly placeholder?: string;
  /** What is known to be good; anything else may be typed as well. */
  readonly suggestions?: readonly string[];
  readonly isCode?: boolean;
}) {
  const t = messages.value;
  return (
    <Field label={t.label(name)} hint={t.hint(name)} error={form.errorOf(name)}>
      {(input) => (
        <>
          <input
            {...input}
            class={isCode ? 'create-code' : undefined}
            list={suggestions === undefined ? undefined : `${input.id}-list`}
            value={form.values[name] ?? ''}
            placeholder={placeholder}
            autocomplete="off"
            spellcheck={false}
            onInput={({ currentTarget }) => form.set(name, currentTarget.value)}
          />
          {suggestions !== undefined && (
            <datalist id={`${input.id}-list`}>
              {suggestions.map((one) => (
                <option key={one} value={one} />
              ))}
            </datalist>
          )}
        </>
      )}
    </Field>
  );
}

/** One item a line. */
export function LinesField({ form, name, placeholder }: Bound & { readonly placeholder?: string }) {
  const t = messages.value;
  const value = form.values[name] ?? '';
  return (
    <Field label={t.label(name)} hint={t.hint(name)} error={form.errorOf(name)}>
      {(input) => (
        <textarea
          {...input}
          class="create-code"
          rows={Math.min(8, Math.max(2, value.split('\n').length))}
          value={value}
          placeholder={placeholder}
          spellcheck={false}
          onInput={({ currentTarget }) => form.set(name, currentTarget.value)}
        />
      )}
    </Field>
  );
}

/** One of several; the empty value leaves it to the server. */
export function ChoiceField({
  form,
  name,
  options,
}: Bound & { readonly options: readonly { readonly value: string; readonly title: string }[] }) {
  const t = messages.value;
  return (
    <Field label={t.label(name)} hint={t.hint(name)} error={form.errorOf(name)}>
      {(input) => (
        <select
          {...input}
          value={form.values[name] ?? ''}
          onChange={({ currentTarget }) => form.set(name, currentTarget.value)}
        >
          {options.map(({ value, title }) => (
            <option key={value} value={value}>
              {title}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** Yes, or left as it is. */
export function CheckField({ form, name, children }: Bound & { readonly children?: ComponentChildren }) {
  const t = messages.value;
  const error = form.errorOf(name);
  return (
    <div class="field create-check">
      <label class="check">
        <input
          type="checkbox"
          checked={form.values[name] === 'yes'}
          aria-describedby={`create-${name}-hint`}
          onChange={({ currentTarget }) => form.set(name, currentTarget.checked ? 'yes' : '')}
        />
        {t.label(name)}
      </label>
      {error !== undefined && (
        <p class="field-error" role="alert">
          {error}
        </p>
      )}
      <p id={`create-${name}-hint`} class="field-hint">
        {t.hint(name)}
      </p>
      {children}
    </div>
  );
}
