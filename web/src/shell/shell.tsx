// The frame around every view: header, what is to be known about the connection, and the view that the place names.

import { formatTime } from '../i18n/format.ts';
import { goTo, linkTo, place } from '../router.ts';
import { mayChange, session } from '../session.ts';
import { endSession } from '../store/store.ts';
import { Button } from '../ui/button.tsx';
import { listShownViews, views } from '../views/registry.ts';
import { Connection, Notices } from './connection.tsx';
import { messages } from './messages.ts';
import { openPalette, Palette } from './palette.tsx';
import { Preferences } from './preferences.tsx';
import { openShare, Share } from './share.tsx';
import { ViewPort } from './view-port.tsx';

/** Who is logged in, as what, and for how long. */
function describeSession(): string | undefined {
  const t = messages.value;
  if (session.value === null) return undefined;
  const { name, role, expiresAt } = session.value;
  return t.session(name, role, expiresAt === null ? null : formatTime(expiresAt));
}

export function Shell() {
  const t = messages.value;
  const { view } = place.value;
  const current = view === '' ? views[0]?.name : view;
  return (
    <div class="shell">
      <button type="button" class="skip" onClick={() => document.getElementById('content')?.focus()}>
        {t.skip}
      </button>
      <header class="masthead">
        <a class="brand" href={linkTo(views[0]?.name ?? '')}>
          Terrarium
        </a>
        <nav aria-label={t.views}>
          {listShownViews().map(({ name, title }) => (
            <a key={name} href={linkTo(name)} aria-current={name === current ? 'page' : undefined}>
              {title()}
            </a>
          ))}
          <a href="/docs">{t.api}</a>
        </nav>
        <div class="masthead-tools">
          <Connection />
          {!mayChange.value && (
            <span class="read-only" title={t.readOnlyHint}>
              {t.readOnly}
            </span>
          )}
          <Button changes onClick={openShare}>
            {t.share}
          </Button>
          <Button onClick={openPalette} title={t.palette}>
            <span class="visually-hidden">{t.palette}</span> <kbd>Ctrl K</kbd>
          </Button>
          <Preferences />
          <Button onClick={endSession} title={describeSession()}>
            {t.logOut}
          </Button>
        </div>
      </header>
      <Notices />
      <main id="content" tabIndex={-1}>
        <ViewPort name={current ?? ''} />
      </main>
      <Palette go={goTo} />
      <Share />
    </div>
  );
}
