// A field of a form: its label, what is to be known about it, and what is wrong with it, beside it and read with it.
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

/** What the input has to carry. */
export interface FieldInput {
  readonly id: string;
  readonly 'aria-describedby'?: string;
  readonly 'aria-invalid'?: boolean;
}

interface FieldProps {
  readonly label: string;
  readonly hint?: ComponentChildren;
  /** In the server's words; undefined where nothing is wrong. */
  readonly error?: string | undefined;
  readonly children: (input: FieldInput) => ComponentChildren;
}

/** @example <Field label={t.name} error={errors.name}>{(input) => <input {...input} value={name} />}</Field> */
export function Field({ label, hint, error, children }: FieldProps) {
  const id = useId();
  const described = [hint !== undefined && `${id}-hint`, error !== undefined && `${id}-error`]
    .filter(Boolean)
    .join(' ');
  return (
    <div class={`field ${error === undefined ? '' : 'field-wrong'}`}>
      <label for={id}>{label}</label>
      {children({
        id,
        ...(described !== '' && { 'aria-describedby': described }),
        ...(error !== undefined && { 'aria-invalid': true }),
      })}
      {error !== undefined && (
        <p id={`${id}-error`} class="field-error" role="alert">
          {error}
        </p>
      )}
      {hint !== undefined && (
        <p id={`${id}-hint`} class="field-hint">
          {hint}
        </p>
      )}
    </div>
  );
}
