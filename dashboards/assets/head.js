// First in the page. Gives the page's nonce to every <style> that a library makes, and sets the colours before the first paint.
(() => {
  const nonce = document.querySelector('meta[name="csp-nonce"]').content;
  const make = document.createElement;
  document.createElement = function (tag, options) {
    const element = make.call(this, tag, options);
    if (String(tag).toLowerCase() === 'style') element.setAttribute('nonce', nonce);
    return element;
  };
  let chosen = null;
  try { chosen = localStorage.getItem('mantine-color-scheme-value'); } catch (e) { /* storage may be forbidden */ }
  const dark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light');
})();
