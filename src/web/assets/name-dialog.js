// Where the person says who they are.

import { nameWords } from './words.js';

const element = (id) => document.getElementById(id);

/** The dialog behind the name in the header. */
export class NameDialog {
  #connection;
  #dialog = element('name-dialog');
  #input = element('name-input');
  #fault = element('name-fault');

  constructor(connection) {
    this.#connection = connection;
    element('rename').addEventListener('click', () => this.#open());
    element('name-cancel').addEventListener('click', () => this.#dialog.close());
    element('name-form').addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#take(this.#input.value.trim());
    });
  }

  #open() {
    this.#fault.textContent = '';
    this.#input.value = this.#connection.client?.name ?? this.#connection.name;
    this.#dialog.showModal();
    this.#input.select();
  }

  async #take(name) {
    const { client } = this.#connection;
    if (name === '' || (name === client?.name && this.#connection.isUp)) {
      this.#dialog.close();
      return;
    }
    const button = element('name-take');
    button.disabled = true;
    this.#fault.textContent = '';
    try {
      const taken = await this.#connection.rename(name);
      if (taken === name) this.#dialog.close();
      else this.#fault.textContent = `The show file of the gateway calls you “${taken}”.`;
    } catch (error) {
      this.#fault.textContent = nameWords(error, name);
      this.#input.select();
    } finally {
      button.disabled = false;
    }
  }
}
