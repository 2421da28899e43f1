// Language and theme, chosen.
import { type Language, language, languages, type Theme, theme, themes } from '../preferences.ts';
import { messages } from './messages.ts';

const languageNames: Readonly<Record<Language, string>> = { en: 'EN', zh: '中文' };

export function Preferences() {
  const t = messages.value;
  return (
    <div class="preferences">
      <label>
        <span class="visually-hidden">{t.language}</span>
        <select
          value={language.value}
          onChange={({ currentTarget }) => {
            language.value = currentTarget.value as Language;
          }}
        >
          {languages.map((one) => (
            <option key={one} value={one}>
              {languageNames[one]}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span class="visually-hidden">{t.theme}</span>
        <select
          value={theme.value}
          onChange={({ currentTarget }) => {
            theme.value = currentTarget.value as Theme;
          }}
        >
          {themes.map((one) => (
            <option key={one} value={one}>
              {t.themes(one)}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
