/** @file The frame: views by address, the server's state, appearance, and the question for a token. */
import { useCallback, useEffect, useState } from 'preact/hooks';
import type { ServerInfo } from '../server/wire.js';
import { ApiError, ask, setToken } from './api.js';
import { DocsView } from './docs/docs-view.js';
import { DraftView } from './draft/draft-view.js';
import { EvaluationsView } from './evaluations/evaluations-view.js';
import { ModelView } from './model/model-view.js';
import { strings } from './strings.js';
import { applyTheme, currentTheme, type Theme } from './theme.js';

const VIEWS = [
  ['/', strings.views.draft],
  ['/model', strings.views.model],
  ['/evaluations', strings.views.evaluations],
  ['/docs', strings.views.docs],
] as const;

/** How often the server's state is asked for, in milliseconds. */
const POLL = 10_000;

export const App = () => {
  const [path, setPath] = useState(location.pathname);
  const [server, setServer] = useState<ServerInfo | undefined>();
  const [trouble, setTrouble] = useState<'offline' | 'token' | undefined>();

  const look = useCallback(async () => {
    try {
      setServer(await ask<ServerInfo>('/v1/server'));
      setTrouble(undefined);
    } catch (error) {
      setTrouble(error instanceof ApiError && error.status === 401 ? 'token' : 'offline');
    }
  }, []);
  useEffect(() => {
    void look();
    const timer = setInterval(look, POLL);
    const back = (): void => setPath(location.pathname);
    addEventListener('popstate', back);
    return () => {
      clearInterval(timer);
      removeEventListener('popstate', back);
    };
  }, [look]);

  const go = (event: MouseEvent, to: string): void => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    history.pushState(null, '', to);
    setPath(to);
  };

  return (
    <>
      <a class="skip" href="#main">
        {strings.skip}
      </a>
      <header class="top">
        <a class="mark" href="/" onClick={(event) => go(event, '/')}>
          <img src={new URL('./icon.svg', import.meta.url).pathname} alt="" width="24" height="24" />
          {strings.product}
        </a>
        <nav aria-label={strings.product}>
          {VIEWS.map(([to, name]) => (
            <a key={to} href={to} aria-current={path === to ? 'page' : undefined} onClick={(event) => go(event, to)}>
              {name}
            </a>
          ))}
        </nav>
        <Status server={server} trouble={trouble} />
        <ThemeSwitch />
      </header>
      <main id="main" tabIndex={-1}>
        {/* The draft stays while other views are looked at. */}
        <div hidden={path !== '/'}>
          <DraftView server={server} active={path === '/'} onUnauthorized={() => setTrouble('token')} />
        </div>
        {path === '/model' && <ModelView />}
        {path === '/evaluations' && <EvaluationsView />}
        {path === '/docs' && <DocsView />}
      </main>
      {trouble === 'token' && <TokenDialog onUse={look} />}
    </>
  );
};

const Status = ({ server, trouble }: { server?: ServerInfo; trouble?: string }) => {
  const state = trouble === 'offline' ? 'offline' : server?.ready ? 'ready' : 'unready';
  return (
    <p class={`status ${state}`} role="status">
      <span class="dot" aria-hidden="true" />
      {strings.status[state]}
      {server?.model && state === 'ready' && <span class="quiet model-name">{server.model.name}</span>}
    </p>
  );
};

const ThemeSwitch = () => {
  const [theme, setTheme] = useState<Theme>(currentTheme());
  return (
    <label class="theme">
      <span class="visually-hidden">{strings.theme.label}</span>
      <select
        value={theme}
        onChange={(event) => {
          const chosen = event.currentTarget.value as Theme;
          applyTheme(chosen);
          setTheme(chosen);
        }}
      >
        {(['auto', 'dark', 'light'] as const).map((each) => (
          <option key={each} value={each}>
            {strings.theme[each]}
          </option>
        ))}
      </select>
    </label>
  );
};

const TokenDialog = ({ onUse }: { onUse: () => void }) => {
  const [value, setValue] = useState('');
  return (
    <div class="veil">
      <form
        class="dialog"
        aria-labelledby="token-title"
        onSubmit={(event) => {
          event.preventDefault();
          setToken(value.trim());
          onUse();
        }}
      >
        <h2 id="token-title">{strings.token.title}</h2>
        <p>{strings.token.text}</p>
        <label>
          {strings.token.label}
          <input
            type="password"
            autocomplete="off"
            value={value}
            ref={(element) => element?.focus()}
            onInput={(event) => setValue(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="primary" disabled={value.trim() === ''}>
          {strings.token.use}
        </button>
      </form>
    </div>
  );
};
