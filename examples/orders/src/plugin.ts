// Orders: tells customers where their order is, as the shop tells it.
//
// The shop puts each change to the installation's hook, a customer asks with a command. Who asked for an order is told of its changes from
// then on. All of it is kept in the session's store, since a request from outside belongs to no chat.

import { config, fromJson, kv, plugin, reply, send } from "waspnest";

interface Settings {
  "keep-days": number;
}

interface Order {
  status: string;
}

const DAY = 24 * 60 * 60_000;

export default plugin({
  onRequest(ctx, request) {
    const number = /^\/?(\d{1,12})$/.exec(request.path)?.[1];
    if (number === undefined) return { status: 404, body: "the path is the number of an order" };
    if (request.method !== "PUT") return { status: 405, headers: { allow: "PUT" }, body: "an order is PUT" };
    const status = statusOf(request.body);
    if (status === undefined) return { status: 400, body: 'the body is { "status": "…" }' };
    const store = kv.session();
    const known = store.get<Order>(`order/${number}`);
    store.put(`order/${number}`, { status }, { ttlMs: config<Settings>()["keep-days"] * DAY });
    // A shop may say the same twice; customers hear it once.
    if (known?.status === status) return { json: { told: 0 } };
    let told = 0;
    for (const [, chat] of store.entries<string>(`asked/${number}/`)) {
      send(chat, `Order ${number}: ${status}`);
      told += 1;
    }
    return { status: known === undefined ? 201 : 200, json: { told } };
  },

  commands: {
    order(ctx, cmd, msg) {
      const number = cmd.args.number as number;
      const order = kv.session().get<Order>(`order/${number}`);
      if (order === undefined) {
        reply(msg, `I know no order ${number}.`);
        return;
      }
      const { chat } = msg.key;
      kv.session().put(`asked/${number}/${chat}`, chat, { ttlMs: config<Settings>()["keep-days"] * DAY });
      reply(msg, `Order ${number}: ${order.status}. I will tell you when that changes.`);
    },
  },
});

function statusOf(body: Uint8Array): string | undefined {
  try {
    const status = fromJson<Partial<Order>>(body, "the body")?.status;
    return typeof status === "string" && status.length > 0 && status.length <= 200 ? status : undefined;
  } catch {
    return undefined;
  }
}
