// Shows /openapi.json with Swagger UI, with the token of this tab's session.
import { callApi, currentToken, logIn, logOut } from './session.js';

const login = document.getElementById('login');

async function show() {
  try {
    const spec = await callApi('/openapi.json');
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
    if (error.status === 401) logOut();
    ask(error.message);
  }
}

function ask(message) {
  document.getElementById('status').textContent = message;
  login.hidden = false;
}

login.addEventListener('submit', (event) => {
  event.preventDefault();
  const input = document.getElementById('token');
  logIn(input.value.trim());
  input.value = '';
  show();
});

if (currentToken() === null) ask('Not logged in');
else show();
