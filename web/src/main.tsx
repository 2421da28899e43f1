// Where the page begins.
import { render } from 'preact';
import { applyPreferences } from './preferences.ts';
import { App } from './shell/app.tsx';
import './ui/theme.css';
import './ui/ui.css';
import './shell/shell.css';

applyPreferences();
const root = document.getElementById('app');
if (root === null) throw new Error('index.html has no #app');
render(<App />, root);
