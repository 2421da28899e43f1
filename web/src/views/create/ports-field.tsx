// The ports of an open container: a line for each, as `docker run -p` takes it, and what it means. The four forms are a click each.
import { useId } from 'preact/hooks';
import { Button } from '../../ui/button.tsx';
import type { FormHandle } from './fields.tsx';
import { messages } from './messages.ts';
import { readPort } from './read-port.ts';

const forms = ['2222', '8080:2222', '127.0.0.1::2222', '127.0.0.1:8081:2222'] as const;

export function PortsField({
  form,
  wrong,
}: {
  form: FormHandle;
  /** Which line the error is about, counted among those that hold something. */
  wrong: number;
}) {
  const t = messages.value;
  const id = useId();
  const rows = (form.values.ports ?? '').split('\n');
  const error = form.errorOf('ports');
  const write = (changed: readonly string[]) => form.set('ports', changed.join('\n'));
  let filled = -1;
  return (
    <fieldset class="create-ports field">
      <legend>{t.label('ports')}</legend>
      {rows.map((row, index) => {
        if (row.trim() !== '') filled += 1;
        const isWrong = error !== undefined && (row.trim() === '' ? rows.length === 1 : filled === wrong);
        const read = readPort(row);
        return (
          // The lines have no names, and none moves.
          <div key={index} class={`create-port ${isWrong ? 'field-wrong' : ''}`}>
            <input
              class="create-code"
              aria-label={t.portLine(index + 1)}
              aria-invalid={isWrong}
              aria-describedby={`${id}-${index}`}
              value={row}
              placeholder="8080:80"
              autocomplete="off"
              spellcheck={false}
              onInput={({ currentTarget }) => write(rows.with(index, currentTarget.value))}
            />
            <Button
              aria-label={t.removePort(index + 1)}
              disabled={rows.length === 1 && row === ''}
              onClick={() => write(rows.toSpliced(index, 1))}
            >
              ×
            </Button>
            <p
              id={`${id}-${index}`}
              class={isWrong ? 'field-error' : 'field-hint'}
              role={isWrong ? 'alert' : undefined}
            >
              {isWrong ? error : read === null ? '' : t.portMeans(read)}
            </p>
          </div>
        );
      })}
      <Button onClick={() => write([...rows, ''])}>{t.addPort}</Button>
      <table class="create-forms">
        <caption>{t.fourForms}</caption>
        <tbody>
          {forms.map((text) => {
            const read = readPort(text);
            return (
              <tr key={text}>
                <td>
                  <Button
                    aria-label={t.useForm(text)}
                    onClick={() => write([...rows.filter((row) => row.trim() !== ''), text])}
                  >
                    <code>-p {text}</code>
                  </Button>
                </td>
                <td>{read === null ? '' : t.portMeans(read)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </fieldset>
  );
}
