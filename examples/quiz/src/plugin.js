// Quiz: asks the operator's questions in a chat, and keeps the score.
//
// A question waits for the messages of the whole chat (`dialogue`), so whoever is right first gets the point. A wrong answer is met by
// waiting on, for the time that is left. The score is one key a person in the chat's store.

import { config, dialogue, kv, plugin, reply, send } from "waspnest";

export default plugin({
  commands: {
    quiz(ctx, cmd, msg) {
      const { questions, seconds } = config();
      // The first call of a chat gets 1.
      const turn = kv.chat().increment("turn") - 1;
      const { ask } = questions[turn % questions.length];
      reply(msg, ask);
      wait({ turn, chat: msg.key.chat, until: ctx.receivedAt + seconds * 1000 }, seconds * 1000);
    },

    scores(ctx, cmd, msg) {
      const scores = [...kv.chat().entries("score/")].map(([, score]) => score);
      scores.sort((one, other) => other.points - one.points);
      const lines = scores.map(({ name, points }) => `${name}: ${points}`);
      reply(msg, lines.join("\n") || "Nobody has a point yet.");
    },
  },

  onReply(ctx, pending, msg) {
    const question = pending.data;
    const { answers } = asked(question);
    if (msg === undefined) {
      send(question.chat, `Time is up. It was: ${answers[0]}`);
      return;
    }
    if (!answers.includes(msg.text.toLowerCase())) {
      const left = question.until - ctx.receivedAt;
      // What is left may be less than a wait can be.
      if (left >= 1000) wait(question, left);
      return;
    }
    const name = msg.sender.pushName ?? "You";
    const key = `score/${msg.sender.jid}`;
    const points = (kv.chat().get(key)?.points ?? 0) + 1;
    kv.chat().put(key, { name, points });
    reply(msg, `Right, ${name}! That makes ${points}.`);
  },
});

function wait(question, ms) {
  dialogue.expect("chat", { name: "answer", data: question }, ms);
}

function asked({ turn }) {
  const { questions } = config();
  return questions[turn % questions.length];
}
