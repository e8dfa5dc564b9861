// Says what Stripe's own package makes of notifications.
//
// Reads a list of cases from the standard input, each { name, payload, signed: [{ secret, timestamp }], secret,
// delivered?, now? }, and writes a list of { name, header, accepted }:
// the header is made by the package, one signature for each entry of `signed`;
// `delivered` is the body that arrives, where it is not the one that was signed.
import Stripe from 'stripe';

const stripe = new Stripe('sk_test_unused');
const TOLERANCE = 300;

function header({ payload, signed }) {
  const parts = signed.map(({ secret, timestamp }) =>
    stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp }));
  const signatures = parts.map((part) => part.split(',').find((each) => each.startsWith('v1=')));
  return [parts[0].split(',')[0], ...signatures].join(',');
}

function accepts({ payload, delivered, secret, now }, signature) {
  try {
    stripe.webhooks.constructEvent(delivered ?? payload, signature, secret, TOLERANCE, undefined, now * 1000);
    return true;
  } catch (error) {
    if (error instanceof Stripe.errors.StripeSignatureVerificationError) {
      return false;
    }
    throw error;
  }
}

let input = '';
for await (const chunk of process.stdin) {
  input += chunk;
}
const told = JSON.parse(input).map((each) => {
  const signature = each.header ?? header(each);
  return { name: each.name, header: signature, accepted: accepts(each, signature) };
});
process.stdout.write(JSON.stringify(told));
