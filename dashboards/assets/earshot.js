// The address is the state: links and filters write it, back and forward read it, the server answers it.
(() => {
  const skip = () => window.dash_clientside.no_update;
  const here = () => location.pathname + location.search;
  const main = () => document.getElementById('main');
  let first = true;

  const set = (id, props) => window.dash_clientside.set_props(id, props);
  const defaults = () => JSON.parse((main() && main().dataset.defaults) || '{"vs":{}}');

  // What the server understood of the address that this screen was made for; from the first choice on, the address itself.
  const understood = () => (main() && main().dataset.asked === here() ? main().dataset.view : here());
  const query = () => new URLSearchParams(understood().split('?')[1] || '');

  // Values of the filter bar that an address stands for.
  function choices() {
    const q = query();
    const plain = defaults();
    const brand = q.get('brand') || plain.brand;
    return {
      brand, vs: q.has('vs') ? q.get('vs').split(',').filter(Boolean) : plain.vs[brand] || [],
      period: q.get('period') || plain.period, ch: q.get('ch') || plain.ch, cmp: q.get('cmp') || plain.cmp, src: q.get('src') || plain.src,
    };
  }

  function controls() {
    const now = choices();
    Object.keys(now).forEach(key => {
      if (document.getElementById(JSON.stringify({ filter: key }))) set({ filter: key }, { value: now[key] });
    });
  }

  // Same page: only its parts change, so charts stay where they are. Another page: a new screen.
  function show() {
    const shown = main();
    const view = shown && document.getElementById('filters') && shown.dataset.path === location.pathname;
    if (!view) return set('route', { data: here() });
    refresh();
    controls();
  }

  function refresh() {
    const store = document.querySelector('#main .version').id.replace('-version', '-view');
    set(store, { data: here() });
  }

  function go(href) {
    if (href !== here()) history.pushState({}, '', href);
    document.querySelectorAll('[data-toggles]').forEach(button => toggle(button, false));
    show();
  }

  function toggle(button, open) {
    button.setAttribute('aria-expanded', String(open));
    const part = document.getElementById(button.dataset.toggles);
    if (part) part.classList.toggle('open', open);
  }

  document.addEventListener('click', event => {
    const button = event.target.closest('[data-toggles]');
    if (button) return toggle(button, button.getAttribute('aria-expanded') !== 'true');
    const link = event.target.closest('a[href^="/"]');
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || link.target) return;
    event.preventDefault();
    go(link.getAttribute('href'));
  });
  window.addEventListener('popstate', show);

  // New data: pages to act on take it at once, the others say so and change nothing under the reader.
  async function look() {
    const shown = document.querySelector('#main .version');
    const news = document.getElementById('news');
    if (!shown || document.hidden) return;
    const found = await fetch('/health').then(answer => answer.json()).catch(() => null);
    if (!found || !found.version) return;
    if (found.version === shown.textContent) return news.replaceChildren();
    const busy = document.activeElement && document.activeElement.closest('.acting input');  // nobody's words are taken away
    if (main().dataset.live === 'true') return busy ? undefined : refresh();
    if (news.firstChild) return;
    const button = element('button', 'New data. Update', { type: 'button' });
    button.addEventListener('click', () => { news.replaceChildren(); refresh(); });
    news.append(button);
  }
  setInterval(look, 10000);
  document.addEventListener('visibilitychange', look);
  document.addEventListener('earshot:acted', refresh);

  // Tables behind charts travel as data and are written out when somebody opens one.
  function element(tag, text, properties) {
    return Object.assign(document.createElement(tag), properties, text === null ? {} : { textContent: text });
  }

  function unfold(details) {
    const place = details.querySelector('[data-rows]');
    if (!place || !details.open) return;
    const { columns, numbers, rows } = JSON.parse(place.dataset.rows);
    if (!rows.length) return place.replaceChildren(element('p', 'Nothing to list.', { className: 'note' }));
    const kind = i => ({ className: numbers[i] ? 'number' : '' });
    const head = element('tr', null);
    head.append(...columns.map((name, i) => element('th', name, { scope: 'col', ...kind(i) })));
    const lines = rows.map(row => {
      const line = element('tr', null);
      line.append(...row.map((cell, i) => element(i ? 'td' : 'th', cell, i ? kind(i) : { scope: 'row' })));
      return line;
    });
    const table = element('table', null);
    table.append(element('thead', null), element('tbody', null));
    table.firstChild.append(head);
    table.lastChild.append(...lines);
    place.replaceChildren(table);
  }

  document.addEventListener('toggle', event => { if (event.target.matches('details.behind')) unfold(event.target); }, true);
  new MutationObserver(changes => changes.forEach(c => unfold(c.target.closest('details'))))
    .observe(document.documentElement, { attributes: true, attributeFilter: ['data-rows'], subtree: true });

  window.dash_clientside = Object.assign(window.dash_clientside || {}, {
    earshot: {
      start: () => here(),
      shown: () => {
        const shown = main();
        if (!shown) return skip();
        document.title = shown.dataset.title;
        if (!first) { window.scrollTo(0, 0); const title = shown.querySelector('h1'); if (title) title.focus({ preventScroll: true }); }
        first = false;
        return skip();
      },
      choose: (values, ids) => {
        const standard = defaults();
        const before = choices();
        const now = Object.assign({}, before);
        ids.forEach((id, i) => { if (id.filter in now && values[i] !== null) now[id.filter] = values[i]; });
        const q = query();
        if (now.brand !== before.brand) { q.delete('vs'); q.delete('alert'); now.vs = standard.vs[now.brand] || []; }
        Object.keys(now).forEach(key => {
          if (!ids.some(id => id.filter === key)) return;
          const value = Array.isArray(now[key]) ? now[key].join(',') : now[key];
          const plain = key === 'vs' ? (standard.vs[now.brand] || []).join(',') : standard[key];
          if (value === plain) q.delete(key); else q.set(key, value);
        });
        q.sort();
        const written = q.toString().replace(/%2C/g, ',').replace(/%3A/g, ':');
        const href = location.pathname + (written ? '?' + written : '');
        if (href !== understood()) go(href);
        return skip();
      },
    },
  });
})();
