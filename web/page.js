// The page: logs in, then shows the engines and the containers, and keeps them fresh.
import { callApi, currentToken, logIn, logOut, redeemCodeInUrl } from './session.js';

const refreshMs = 3_000;
const byId = (id) => document.getElementById(id);

function say(text, failed = false) {
  const status = byId('status');
  // An unchanged text is not read out again.
  if (status.textContent !== text) status.textContent = text;
  status.classList.toggle('failed', failed);
}

function showLogin(message, failed) {
  byId('login').hidden = false;
  byId('content').hidden = true;
  byId('logout').hidden = true;
  say(message, failed);
}

function element(tag, text, className) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function renderEngine({ name, endpoint, state, reason, version }) {
  const item = document.createElement('li');
  const about = [endpoint, version && `Docker ${version}`, reason].filter(Boolean).join(', ');
  item.append(element('strong', name), ' ', element('span', state, state === 'live' ? 'good' : 'bad'), ` ${about}`);
  return item;
}

function renderContainer({ name, mode, effective, joinedTo, orphaned, state, image, networks, ports }) {
  const row = document.createElement('tr');
  const how = [
    mode,
    joinedTo && `to ${joinedTo.name ?? joinedTo.id.slice(0, 12)}`,
    orphaned && '(orphaned)',
    effective === 'host' && '(host)',
  ];
  const head = element('th', name);
  head.scope = 'row';
  row.append(
    head,
    element('td', how.filter(Boolean).join(' ')),
    element('td', state),
    element('td', image),
    element(
      'td',
      networks
        .flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6])
        .filter(Boolean)
        .join(', '),
    ),
    element('td', ports.map(renderPort).join(', ')),
  );
  return row;
}

function renderPort({ containerPort, protocol, hostIp, hostPort }) {
  const host = hostIp.includes(':') ? `[${hostIp}]` : hostIp;
  return `${host}:${hostPort ?? 'dynamic'} → ${containerPort}/${protocol}`;
}

async function refresh() {
  const [engines, containers] = await Promise.all([callApi('/api/v1/engines'), callApi('/api/v1/containers')]);
  byId('engines').replaceChildren(...engines.map(renderEngine));
  byId('containers').replaceChildren(...containers.map(renderContainer));
  byId('empty').hidden = containers.length > 0;
  byId('login').hidden = true;
  byId('content').hidden = false;
  byId('logout').hidden = false;
  say(`${containers.length} ${containers.length === 1 ? 'container' : 'containers'}`);
}

async function keepFresh() {
  for (;;) {
    if (currentToken() === null) return;
    try {
      await refresh();
    } catch (error) {
      if (error.status === 401) {
        logOut();
        return showLogin(error.message, true);
      }
      say(error.status === undefined ? 'The server does not answer; trying again' : error.message, true);
    }
    await new Promise((resolve) => setTimeout(resolve, refreshMs));
  }
}

byId('login').addEventListener('submit', (event) => {
  event.preventDefault();
  logIn(byId('token').value.trim());
  byId('token').value = '';
  keepFresh();
});
byId('logout').addEventListener('click', () => {
  logOut();
  showLogin('Logged out', false);
});

try {
  await redeemCodeInUrl();
} catch (error) {
  showLogin(error.message, true);
}
if (currentToken() !== null) keepFresh();
else if (byId('login').hidden) showLogin('Not logged in', false);
