/** A browser as far as signing in needs one: it keeps cookies by host and path, and goes where it is sent. */
export type CookieBrowser = {
  /** One request, without following where it leads. */
  ask(url: string, options?: RequestInit): Promise<Response>;
  /** Follows until something is answered that leads nowhere, or `stop` says so of an address. */
  follow(url: string, stop?: (url: URL) => boolean): Promise<{ url: URL; response: Response }>;
  /** The value of a cookie; undefined where there is none. */
  cookie(name: string): string | undefined;
  setCookie(name: string, value: string): void;
};

type Kept = { readonly name: string; readonly path: string; value: string };

export function createCookieBrowser(): CookieBrowser {
  const kept = new Map<string, Kept>();

  function keep(header: string): void {
    const [pair = '', ...attributes] = header.split(/;\s*/);
    const [name = '', value = ''] = [
      pair.slice(0, pair.indexOf('=')),
      pair.slice(pair.indexOf('=') + 1),
    ];
    const of = (key: string) =>
      attributes.find((each) => each.toLowerCase().startsWith(`${key}=`))?.slice(key.length + 1);
    const path = of('path') ?? '/';
    const isOver = of('max-age') === '0' || Date.parse(of('expires') ?? '') < 1_000_000;
    if (isOver || value === '') kept.delete(`${name} ${path}`);
    else kept.set(`${name} ${path}`, { name, path, value });
  }

  const browser: CookieBrowser = {
    async ask(url, options = {}) {
      const { pathname } = new URL(url);
      const cookies = [...kept.values()].filter(({ path }) => pathname.startsWith(path));
      const Cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
      const headers = { ...options.headers, ...(Cookie === '' ? {} : { Cookie }) };
      const response = await fetch(url, { ...options, headers, redirect: 'manual' });
      for (const header of response.headers.getSetCookie()) keep(header);
      return response;
    },
    async follow(first, stop = () => false) {
      let url = new URL(first);
      for (let hop = 0; hop < 20; hop += 1) {
        const response = await browser.ask(url.href);
        const location = response.headers.get('location');
        if (location === null) return { url, response };
        url = new URL(location, url);
        if (stop(url)) return { url, response };
      }
      throw new Error(`expected an end, found more than 20 redirections to ${url.href}`);
    },
    cookie: (name) => [...kept.values()].find((each) => each.name === name)?.value,
    setCookie(name, value) {
      kept.set(`${name} /`, { name, path: '/', value });
    },
  };
  return browser;
}

/** Signs in at the provider and agrees to what it asks; gives the address that leads back to the page. */
export async function throughProvider(
  browser: CookieBrowser,
  begin: string,
  person: string,
  page: string,
): Promise<URL> {
  const isBack = (url: URL) => url.href.startsWith(`${page}/`);
  let at = await browser.follow(begin, isBack);
  for (let form = 0; form < 3 && !isBack(at.url); form += 1) {
    const html = await at.response.text();
    const [, action = ''] = /action="([^"]+)"/.exec(html) ?? [];
    const [, prompt = ''] = /name="prompt" value="(\w+)"/.exec(html) ?? [];
    const body = new URLSearchParams({ prompt, login: person, password: 'any' });
    const sent = await browser.ask(new URL(action, at.url).href, { method: 'POST', body });
    const location = sent.headers.get('location');
    if (location === null) throw new Error(`expected to be led on, found ${await sent.text()}`);
    const next = new URL(location, at.url);
    at = isBack(next) ? { url: next, response: sent } : await browser.follow(next.href, isBack);
  }
  return at.url;
}
