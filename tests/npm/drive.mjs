// Drives the simulated gateways through the official clients: node drive.mjs http://127.0.0.1:PORT
import assert from 'node:assert/strict';
import http from 'node:http';
import { createRequire } from 'node:module';
import Stripe from 'stripe';
const require = createRequire(import.meta.url);
const midtrans = require('midtrans-client');
const ApiConfig = require('midtrans-client/lib/apiConfig');

const base = process.argv[2] ?? 'http://127.0.0.1:18420';
const { hostname, port } = new URL(base);
const options = { host: hostname, port, protocol: 'http', maxNetworkRetries: 0 };
const stripe = new Stripe('sk_test_simulated', options);
const sim = async (path, body) => {
  const answer = await fetch(`${base}/_sim/${path}`, body === undefined ? {} : {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
  });
  const value = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(value.error), { status: answer.status });
  return value;
};
const act = (action, rest) => sim('actions', { action, ...rest });
const rejects = async (promise, check) => {
  let failed;
  try { await promise; } catch (error) { failed = error; }
  assert.ok(failed, 'it should have been refused');
  check(failed);
};
const run = Date.now().toString(36);

// --- Stripe -----------------------------------------------------------------------------------
const received = [];
const sink = http.createServer((request, response) => {
  let text = '';
  request.on('data', (part) => { text += part; });
  request.on('end', () => {
    received.push({ headers: request.headers, text });
    response.end('ok');
  });
});
await new Promise((done) => sink.listen(0, '127.0.0.1', done));
const sinkUrl = `http://127.0.0.1:${sink.address().port}/stripe`;
const endpoint = await stripe.webhookEndpoints.create({ url: sinkUrl, enabled_events: ['*'] });
assert.match(endpoint.secret, /^whsec_/);

const params = (order) => ({
  mode: 'payment',
  success_url: 'https://shop.example/ok?sid={CHECKOUT_SESSION_ID}',
  cancel_url: 'https://shop.example/back',
  client_reference_id: order,
  metadata: { bayar_order: order },
  payment_intent_data: { metadata: { bayar_order: order } },
  adaptive_pricing: { enabled: false },
  line_items: [{ quantity: 1, price_data: { currency: 'php', unit_amount: 560000, product_data: { name: 'Order & 1' } } }],
});
const key = { idempotencyKey: `create-${run}` };
const made = await stripe.checkout.sessions.create(params(`A-${run}`), key);
assert.equal(made.payment_intent, null);
assert.equal(made.status, 'open');
const again = await stripe.checkout.sessions.create(params(`A-${run}`), key);
assert.equal(again.id, made.id);
assert.equal(again.lastResponse.headers['idempotent-replayed'], 'true');
await rejects(stripe.checkout.sessions.create(params(`B-${run}`), key), (error) => {
  assert.ok(error instanceof Stripe.errors.StripeIdempotencyError, error.constructor.name);
});
await rejects(
  stripe.checkout.sessions.create({ ...params('x'), payment_method_types: ['card'] }),
  (error) => {
    assert.ok(error instanceof Stripe.errors.StripeInvalidRequestError);
    assert.equal(error.code, 'parameter_unknown');
    assert.equal(error.param, 'payment_method_types');
  },
);
await rejects(act('stripe_pay_card', { session: made.id, card: '4000000000000002' }), (error) => assert.equal(error.status, 402));
const tried = await stripe.checkout.sessions.retrieve(made.id, { expand: ['payment_intent.latest_charge', 'line_items'] });
assert.equal(tried.status, 'open');
assert.equal(tried.payment_intent.last_payment_error.decline_code, 'generic_decline');
assert.equal(tried.line_items.data.length, 1);
const paid = await act('stripe_pay_card', { session: made.id, card: '4242 4242 4242 4242' });
assert.equal(paid.redirect, `https://shop.example/ok?sid=${made.id}`);
const done = await stripe.checkout.sessions.retrieve(made.id, { expand: ['payment_intent.latest_charge'] });
assert.equal(done.payment_status, 'paid');
assert.equal(done.payment_intent.amount_received, 560000);
const intent = done.payment_intent.id;
const part = await stripe.refunds.create({ payment_intent: intent, amount: 60000, reason: 'requested_by_customer' });
assert.equal(part.status, 'succeeded');
await rejects(stripe.refunds.create({ payment_intent: intent, amount: 560000 }), (error) => assert.equal(error.statusCode, 400));
await stripe.refunds.create({ payment_intent: intent });
await rejects(stripe.refunds.create({ payment_intent: intent }), (error) => assert.equal(error.code, 'charge_already_refunded'));
assert.equal((await stripe.refunds.list({ payment_intent: intent })).data.length, 2);
const charge = await stripe.charges.retrieve(done.payment_intent.latest_charge.id);
assert.equal(charge.refunded, true);
await rejects(stripe.paymentIntents.cancel(intent), (error) => assert.equal(error.code, 'payment_intent_unexpected_state'));

const dead = await stripe.checkout.sessions.create(params(`C-${run}`));
assert.equal((await stripe.checkout.sessions.expire(dead.id)).status, 'expired');
await rejects(stripe.checkout.sessions.expire(dead.id), (error) => assert.equal(error.statusCode, 400));
assert.equal((await stripe.checkout.sessions.list({ status: 'expired', limit: 1 })).data[0].id, dead.id);
const found = await stripe.paymentIntents.search({ query: `metadata['bayar_order']:'A-${run}' AND status:'succeeded'` });
assert.equal(found.data[0].id, intent);

const direct = await stripe.paymentIntents.create({ amount: 5000, currency: 'usd', capture_method: 'manual', confirm: true, payment_method: 'pm_card_visa' });
assert.equal(direct.status, 'requires_capture');
assert.equal((await stripe.paymentIntents.capture(direct.id, { amount_to_capture: 4000 })).amount_received, 4000);
await rejects(stripe.paymentIntents.create({ amount: 5000, currency: 'usd', confirm: true, payment_method: 'pm_card_visa_chargeDeclined' }), (error) => {
  assert.ok(error instanceof Stripe.errors.StripeCardError);
  assert.equal(error.decline_code, 'generic_decline');
});
const events = [];
for await (const event of stripe.events.list({ types: ['checkout.session.completed', 'charge.refunded'], limit: 1 })) events.push(event.type);
assert.ok(events.length >= 3);
const ids = (list) => list.data.map((each) => each.id);
const since = { created: { gte: made.created } };
const newest = await stripe.events.list({ ...since, limit: 3 });
assert.equal(newest.has_more, true);
assert.deepEqual(ids(await stripe.events.list({ ...since, ending_before: newest.data[2].id })), ids(newest).slice(0, 2));
const below = await stripe.events.list({ ...since, starting_after: newest.data[0].id, limit: 2 });
assert.deepEqual(ids(below), ids(newest).slice(1));
assert.ok(newest.data.every((event, place) => place === 0 || event.created <= newest.data[place - 1].created));
await rejects(stripe.events.list({ starting_after: 'evt_none' }), (error) => assert.equal(error.code, 'resource_missing'));
const window = { created: { gte: made.created, lt: dead.created + 1 }, expand: ['data.payment_intent'] };
const booked = await stripe.checkout.sessions.list(window);
const paidOne = booked.data.find((session) => session.id === made.id);
assert.equal(paidOne.payment_intent.amount_received, 560000);
assert.equal(paidOne.metadata.bayar_order, `A-${run}`);
assert.deepEqual((await stripe.checkout.sessions.list({ created: { gte: dead.created + 60 } })).data, []);
const read = await stripe.refunds.retrieve(part.id);
assert.deepEqual([read.status, read.payment_intent, read.amount], ['succeeded', intent, 60000]);
assert.ok((await stripe.balance.retrieve()).available.length > 0);
assert.equal((await stripe.accounts.retrieveCurrent?.() ?? await stripe.accounts.retrieve()).object, 'account');
await rejects(new Stripe('sk_test_wrong', options).balance.retrieve(), (error) => assert.ok(error instanceof Stripe.errors.StripeAuthenticationError));
await rejects(stripe.refunds.retrieve('re_none'), (error) => assert.equal(error.code, 'resource_missing'));

await sim('settle', {});
assert.ok(received.length > 8, `${received.length} webhooks`);
const kinds = new Set();
for (const { headers, text } of received) {
  const event = stripe.webhooks.constructEvent(text, headers['stripe-signature'], endpoint.secret);
  kinds.add(event.type);
}
for (const kind of ['payment_intent.created', 'charge.succeeded', 'payment_intent.succeeded', 'checkout.session.completed', 'refund.created', 'charge.refunded', 'checkout.session.expired', 'payment_intent.payment_failed']) {
  assert.ok(kinds.has(kind), kind);
}
await stripe.webhookEndpoints.del(endpoint.id);

// --- Midtrans ---------------------------------------------------------------------------------
ApiConfig.CORE_SANDBOX_BASE_URL = base;
ApiConfig.SNAP_SANDBOX_BASE_URL = `${base}/snap/v1`;
const keys = { isProduction: false, serverKey: 'SB-Mid-server-simulated', clientKey: 'SB-Mid-client-simulated' };
const snap = new midtrans.Snap(keys);
const core = new midtrans.CoreApi(keys);
const page = (order) => ({
  transaction_details: { order_id: order, gross_amount: 50000 },
  item_details: [{ id: 'a', price: 60000, quantity: 1, name: 'Thing' }, { id: 'b', price: -10000, quantity: 1, name: 'Discount' }],
  credit_card: { secure: true },
  callbacks: { finish: 'https://shop.example/finish' },
  custom_field1: order,
});
const first = `M1-${run}`;
const opened = await snap.createTransaction(page(first));
assert.match(opened.redirect_url, new RegExp(opened.token));
await rejects(core.transaction.status(first), (error) => assert.equal(Number(error.httpStatusCode), 404));
await rejects(snap.createTransaction(page(first)), (error) => assert.match(error.message, /already been taken/));
await act('midtrans_choose', { page: opened.token, method: 'gopay' });
assert.equal((await core.transaction.status(first)).transaction_status, 'pending');
await act('midtrans_pay', { transaction: first });
const settled = await core.transaction.status(first);
assert.equal(settled.transaction_status, 'settlement');
assert.equal(settled.gross_amount, '50000.00');
const back = await core.transaction.refund(first, { refund_key: `r1-${run}`, amount: 5000, reason: 'part' });
assert.equal(back.transaction_status, 'partial_refund');
await rejects(core.transaction.refund(first, { refund_key: `r1-${run}`, amount: 5000, reason: 'part' }), (error) => assert.equal(Number(error.httpStatusCode), 406));
assert.equal((await core.transaction.refundDirect(first, { refund_key: `r2-${run}`, amount: 45000, reason: 'rest' })).transaction_status, 'refund');
assert.equal((await core.transaction.notification({ transaction_id: settled.transaction_id })).refunds.length, 2);

const second = `M2-${run}`;
await snap.createTransaction(page(second));
await act('midtrans_choose', { page: second, method: 'bca_va' });
assert.equal((await core.transaction.expire(second)).status_code, '407');
assert.equal((await core.transaction.status(second)).transaction_status, 'expire');
const third = `M3-${run}`;
await snap.createTransaction(page(third));
await act('midtrans_card', { page: third, card: '4811 1111 1111 1114' });
await act('midtrans_password', { transaction: third, right: true });
assert.equal((await core.transaction.status(third)).transaction_status, 'capture');
assert.equal((await core.transaction.cancel(third)).transaction_status, 'cancel');
const fourth = `M4-${run}`;
await snap.createTransaction(page(fourth));
await act('midtrans_card', { page: fourth, card: '4511 1111 1111 1117' });
await act('midtrans_password', { transaction: fourth, right: true });
assert.equal((await core.transaction.status(fourth)).fraud_status, 'challenge');
assert.equal((await core.transaction.approve(fourth)).fraud_status, 'accept');
const charged = await core.charge({ payment_type: 'bank_transfer', transaction_details: { order_id: `M5-${run}`, gross_amount: 10000 }, bank_transfer: { bank: 'bca' } });
assert.equal(charged.va_numbers[0].bank, 'bca');
assert.equal((await core.charge({ payment_type: 'gopay', transaction_details: { order_id: `M6-${run}`, gross_amount: 10000 } })).transaction_status, 'pending');
await rejects(core.charge({ payment_type: 'gopay', transaction_details: { order_id: `M6-${run}`, gross_amount: 10000 } }), (error) => assert.equal(Number(error.httpStatusCode), 406));
assert.equal((await core.transaction.cancel(`M6-${run}`)).transaction_status, 'cancel');
await rejects(new midtrans.Snap({ ...keys, serverKey: 'wrong' }).createTransaction(page('x')), (error) => assert.equal(Number(error.httpStatusCode), 401));

const book = await sim(`orders/A-${run}`);
assert.equal(book.most_open_at_once, 1);
assert.equal(book.kept_captures, 0);
assert.equal(book.captures[0].refunded, 560000);
sink.close();
console.log('the official clients are content');
