// A button. `kind` says how much it weighs; with `changes` it is there only for who may change something.
import type { ButtonHTMLAttributes, ComponentChildren } from 'preact';
import { mayChange } from '../session.ts';

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly kind?: 'plain' | 'primary' | 'danger';
  /** It does something on the server. */
  readonly changes?: boolean;
  readonly children: ComponentChildren;
}

export function Button({ kind = 'plain', type = 'button', changes = false, children, ...rest }: ButtonProps) {
  if (changes && !mayChange.value) return null;
  return (
    <button {...rest} type={type} class={`button button-${kind}`}>
      {children}
    </button>
  );
}
