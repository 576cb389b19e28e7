/** What a person chose for this browser: language, and light or dark. */

import { effect, signal } from '@preact/signals';

export type Language = 'en' | 'de';
export type Theme = 'system' | 'light' | 'dark';

const LANGUAGES: readonly Language[] = ['en', 'de'];
const THEMES: readonly Theme[] = ['system', 'light', 'dark'];

function stored<T extends string>(name: string, known: readonly T[], otherwise: T): T {
  try {
    const text = localStorage.getItem(`andon.${name}`);
    return known.find((each) => each === text) ?? otherwise;
  } catch {
    return otherwise;
  }
}

function store(name: string, value: string): void {
  try {
    localStorage.setItem(`andon.${name}`, value);
  } catch {
    // A browser that keeps nothing: then it holds for this page.
  }
}

const preferred = navigator.language.startsWith('de') ? 'de' : 'en';
export const language = signal<Language>(stored('language', LANGUAGES, preferred));
export const theme = signal<Theme>(stored('theme', THEMES, 'system'));

effect(() => {
  store('language', language.value);
  document.documentElement.lang = language.value;
});

effect(() => {
  store('theme', theme.value);
  document.documentElement.dataset.theme = theme.value;
});

const system = matchMedia('(prefers-color-scheme: dark)');
/** Counts up when the colours change: what is drawn has to be drawn anew. */
export const coloursChanged = signal(0);
const changed = () => {
  coloursChanged.value += 1;
};
system.addEventListener('change', changed);
theme.subscribe(changed);
