/** @file Dark, light, or as the system has it; remembered on this machine. */

export type Theme = 'auto' | 'dark' | 'light';
const KEY = 'impressionist-theme';

export const currentTheme = (): Theme => {
  const stored = localStorage.getItem(KEY);
  return stored === 'dark' || stored === 'light' ? stored : 'auto';
};

export const applyTheme = (theme: Theme = currentTheme()): void => {
  localStorage.setItem(KEY, theme);
  if (theme === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
};
