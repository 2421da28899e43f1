// Shows /openapi.json with Swagger UI, with the token of this tab's session: the one that the dashboard keeps (web/src/session.ts).
const key = 'terrarium.token';
const currentToken = () => sessionStorage.getItem(key);

const login = document.getElementById('login');

async function show() {
  try {
    const spec = await fetchDescription();
    login.hidden = true;
    window.SwaggerUIBundle({
      spec,
      domNode: document.getElementById('api'),
      deepLinking: true,
      validatorUrl: null,
      requestInterceptor(request) {
        const isOurs = new URL(request.url, location.href).origin === location.origin;
        if (isOurs) request.headers.Authorization = `Bearer ${currentToken()}`;
        return request;
      },
    });
  } catch (error) {
    if (error.status === 401) sessionStorage.removeItem(key);
    ask(error.message);
  }
}

async function fetchDescription() {
  const answer = await fetch('/openapi.json', {
    headers: { authorization: `Bearer ${currentToken()}` },
    cache: 'no-store',
  });
  const body = await answer.json();
  if (answer.ok) return body;
  throw Object.assign(new Error([body.detail, body.hint].filter(Boolean).join('. ')), { status: answer.status });
}

function ask(message) {
  document.getElementById('status').textContent = message;
  login.hidden = false;
}

login.addEventListener('submit', (event) => {
  event.preventDefault();
  const input = document.getElementById('token');
  sessionStorage.setItem(key, input.value.trim());
  input.value = '';
  show();
});

if (currentToken() === null) ask('Not logged in');
else show();
