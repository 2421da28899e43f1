// Any action of the page as somebody would do it elsewhere: with curl, with the command, on a WebSocket.
import { useState } from 'preact/hooks';
import { Button } from './button.tsx';
import { type ApiCall, spellCli, spellCurl, spellWscat } from './command-lines.ts';
import { copyText } from './copy-text.ts';
import { messages } from './messages.ts';
import { reportFailure, say } from './toasts.tsx';

interface Ways {
  /** As HTTP has it. */
  readonly call?: ApiCall;
  /** The same, told as server-sent events. */
  readonly sse?: ApiCall;
  /** Words of the command after `terrarium`. */
  readonly cli?: readonly string[];
  /** Path of a WebSocket, and what is said on it. */
  readonly socket?: { readonly path: string; readonly say?: readonly object[] };
}

/** @example <CopyAs call={{ method: 'POST', path: `/api/v1/containers/${id}/stop` }} cli={['stop', name]} /> */
export function CopyAs(ways: Ways) {
  const [isOpen, setOpen] = useState(false);
  return (
    <span class="copy-as">
      <Button aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {messages.value.copyAs}
      </Button>
      {isOpen && (
        <span class="copy-as-ways">
          <CopyWays {...ways} onCopied={() => setOpen(false)} />
        </span>
      )}
    </span>
  );
}

/** The buttons themselves, where there is room for them. */
export function CopyWays({ call, sse, cli, socket, onCopied }: Ways & { readonly onCopied?: () => void }) {
  const t = messages.value;
  const ways: readonly (readonly [name: string, text: string])[] = [
    ...(call === undefined ? [] : [['curl', spellCurl(location.origin, call)] as const]),
    ...(sse === undefined ? [] : [['curl (SSE)', spellCurl(location.origin, sse)] as const]),
    ...(cli === undefined ? [] : [['CLI', spellCli(cli)] as const]),
    ...(socket === undefined ? [] : [['wscat', spellWscat(location.origin, socket)] as const]),
  ];
  const copy = async (name: string, text: string) => {
    const isCopied = await copyText(text);
    onCopied?.();
    if (isCopied) say(t.copied(name));
    else reportFailure(new Error(`${t.cannotCopy}: ${text}`));
  };
  return (
    <>
      {ways.map(([name, text]) => (
        <Button key={name} title={text} onClick={() => void copy(name, text)}>
          {name}
        </Button>
      ))}
    </>
  );
}
