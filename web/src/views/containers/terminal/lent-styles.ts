// xterm writes rules into <style> elements and colours into style attributes. Our policy allows neither, and stays as it is: while a terminal is open,
// the elements that this document makes keep such rules in a sheet that is adopted, and set such attributes property by property, which scripts may.
// It has to be the document's own method: xterm takes elements from its option `documentOverride` in some places only.

let borrowers = 0;

/** Lends styles until the returned function is called. */
export function lendStyles(): () => void {
  borrowers += 1;
  if (borrowers === 1) document.createElement = createElement as typeof document.createElement;
  let isReturned = false;
  return () => {
    if (isReturned) return;
    isReturned = true;
    borrowers -= 1;
    // The prototype's is there again.
    if (borrowers === 0) Reflect.deleteProperty(document, 'createElement');
  };
}

function createElement(this: Document, name: string, options?: ElementCreationOptions): HTMLElement {
  if (name === 'style') return makeSheet();
  const element: HTMLElement = Document.prototype.createElement.call(this, name, options);
  if (name === 'span') element.setAttribute = setAttribute;
  return element;
}

/** What looks like a style element to who writes its text and removes it. */
function makeSheet(): HTMLElement {
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  const element: HTMLElement = Document.prototype.createElement.call(document, 'span');
  element.hidden = true;
  let text = '';
  Object.defineProperty(element, 'textContent', {
    get: () => text,
    set(value: string) {
      text = value;
      sheet.replaceSync(value);
    },
  });
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet);
    Element.prototype.remove.call(element);
  };
  return element;
}

function setAttribute(this: HTMLElement, name: string, value: string): void {
  if (name === 'style') this.style.cssText = value;
  else Element.prototype.setAttribute.call(this, name, value);
}
