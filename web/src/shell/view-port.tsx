// Shows one view, which is loaded when it is first wanted.
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { place } from '../router.ts';
import { Button } from '../ui/button.tsx';
import { loadPatiently } from '../ui/load-patiently.ts';
import { views } from '../views/registry.ts';
import type { ViewProps } from '../views/view.ts';
import { messages } from './messages.ts';

type Loaded = { readonly name: string; readonly View: ComponentType<ViewProps> | null };

export function ViewPort({ name }: { name: string }) {
  const t = messages.value;
  const view = views.find((one) => one.name === name);
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  useEffect(() => {
    let isWanted = true;
    if (view === undefined) return;
    loadPatiently(view.load)
      .then(({ default: View }) => View)
      .catch(() => null)
      .then((View) => {
        if (isWanted) setLoaded({ name, View });
      });
    return () => {
      isWanted = false;
    };
  }, [name, view]);
  const title = view?.title();
  useEffect(() => {
    document.title = title === undefined ? 'Terrarium' : `${title} · Terrarium`;
  }, [title]);

  if (view === undefined)
    return (
      <section class="page">
        <h1>{t.noView(name)}</h1>
        <p>{t.noViewHint}</p>
      </section>
    );
  if (loaded?.name !== name)
    return (
      <p class="page quiet" aria-busy="true">
        {t.loading}
      </p>
    );
  if (loaded.View === null)
    return (
      <section class="page">
        <h1>{t.viewFailed}</h1>
        <p>{t.viewFailedHint}</p>
        <Button onClick={() => location.reload()}>{t.reload}</Button>
      </section>
    );
  const { parts, query } = place.value;
  return <loaded.View parts={parts} query={query} />;
}
