// The buttons of the crisis page: one POST each, then the parts of the page are asked for again.
(() => {
  const value = id => { const field = document.getElementById(id); return field ? field.value.trim() : ''; };
  const key = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), b => b.toString(16).padStart(2, '0')).join('');

  async function send(body) {
    const headers = { 'Content-Type': 'application/json', 'X-Earshot-Ticket': document.querySelector('meta[name="ticket"]').content };
    const answer = await fetch('/actions', { method: 'POST', headers, body: JSON.stringify(body) }).catch(() => null);
    if (!answer) return 'No connection: nothing was saved. Try again.';
    return answer.ok ? '' : answer.text();
  }

  async function act(button, acting) {
    const say = text => { const place = acting.querySelector('.act-error'); if (place) place.textContent = text; };
    const needed = ['actor', button.dataset.source].filter(Boolean).find(id => !value(id));
    if (needed) {
      say(needed === 'actor' ? 'Write your name first.' : 'Write who shall have it.');
      return document.getElementById(needed).focus();
    }
    const { verb, source } = button.dataset;
    const buttons = acting.querySelectorAll('button');
    buttons.forEach(b => { b.disabled = true; });
    const wrong = await send({
      alert: acting.dataset.incident, verb, value: source ? value(source) : button.dataset.value || '', actor: value('actor'), key: key(),
    });
    buttons.forEach(b => { b.disabled = false; });
    say(wrong);
    if (!wrong) document.dispatchEvent(new Event('earshot:acted'));
  }

  document.addEventListener('click', event => {
    const button = event.target.closest('.acting [data-verb]');
    if (button) act(button, button.closest('.acting'));
  });
})();
