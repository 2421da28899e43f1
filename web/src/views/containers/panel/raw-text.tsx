// A program's output as it is, in a box that the keyboard can scroll.

interface RawTextProps {
  readonly label: string;
  readonly text: string;
  readonly isLive: boolean;
}

export function RawText({ label, text, isLive }: RawTextProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard
    <section class="container-text" tabIndex={0} aria-label={label} data-stale={!isLive}>
      <pre>{text}</pre>
    </section>
  );
}
