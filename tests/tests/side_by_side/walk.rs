//! One order, here and there.

use std::sync::atomic::{AtomicI64, Ordering};

use bayar_app::port::store::{Actor, Credits, Loaded, Opened, Opening, PaperSet};
use bayar_domain::credit::CreditMove;
use bayar_domain::gateway::{AccountRef, Mode};
use bayar_domain::{CreditAccount, CreditPurchase, OrderId, PaymentId, UserId};
use bayar_testkit::builders::{AnOpening, AnOrder};

use super::*;

pub struct Walk<'a> {
    pub place: &'a Place,
    /// The order in memory.
    pub model: Settlement,
    /// What its payments say on paper.
    pub papers: BTreeMap<PaymentId, PaperSet>,
    /// The credits of its buyer, where they are what it sells.
    pub credits: Option<Credits>,
    /// How they came to be so many, but for those that were used.
    pub entries: Vec<CreditMove>,
    /// As it was stored last.
    pub stored: Loaded,
    /// The payment that is opened next.
    opening: Opening,
    seen: &'a Seen,
}

impl<'a> Walk<'a> {
    pub async fn run(place: &'a Place, kind: OrderKind, acts: &[Act], seen: &'a Seen) {
        let mut walk = Self::begin(place, kind, seen).await;
        for act in acts {
            walk.step(act).await;
        }
        walk.compare_histories().await;
    }

    async fn begin(place: &'a Place, kind: OrderKind, seen: &'a Seen) -> Self {
        static BUYERS: AtomicI64 = AtomicI64::new(1000);
        let owner = BUYERS.fetch_add(1, Ordering::Relaxed);
        let order = AnOrder::of_a_cart().of_kind(kind).for_price(idr(PRICE));
        let order = order.owned_by(owner).add(&*place.store).await;
        let credits = matches!(kind, OrderKind::Credits { .. }).then(|| Credits {
            account: CreditAccount::open(UserId::new(owner).unwrap()),
            purchase: CreditPurchase::unpaid(order.terms().id),
        });
        Self {
            opening: AnOpening::of(&order).build(&*place.store).await,
            stored: place.load(order.terms().id).await,
            model: Settlement::new(order),
            papers: BTreeMap::new(),
            credits,
            entries: Vec::new(),
            place,
            seen,
        }
    }

    pub fn order(&self) -> OrderId {
        self.model.order().terms().id
    }

    async fn step(&mut self, act: &Act) {
        match act {
            Act::Spend(amount) => self.spend(*amount).await,
            Act::Fact(of, hint) => {
                let Some(fact) = hinted(&self.model, of, hint) else {
                    return;
                };
                if let Proof::Reversed { .. } = fact.proof() {
                    self.note("money is reversed");
                }
                let apply = |settlement: &Settlement| match settlement.apply([fact.clone()]) {
                    Ok(step) => Ok(step),
                    Err(error) => panic!("{act:?}: {error}"),
                };
                let told = apply(&self.model);
                let settled = self.settle(|settlement, _| apply(settlement)).await;
                self.both(act, told, settled).await;
            }
            Act::Ask(Ask::Open) => {
                let names = self.names().await;
                let told = command(&self.model, &names, 0, &Ask::Open).unwrap();
                let opened = self.place.store.open_payment(&self.opening).await.unwrap();
                match (told, opened) {
                    (Ok(step), Opened::Yes) => {
                        let bill = self.opening.bill.clone();
                        let papers = PaperSet {
                            invoice: bill.invoice,
                            taxes: bill.taxes,
                        };
                        self.papers.insert(bill.payment.terms().id, papers);
                        let next = AnOpening::of(&self.opening.order);
                        self.opening = next.build(&*self.place.store).await;
                        self.follow(act, step).await;
                    }
                    (Err(_), Opened::No) => self.nothing_changed(act).await,
                    (told, opened) => panic!("{act:?}: {told:?} here, and {opened:?} there"),
                }
            }
            Act::Ask(ask) => {
                let names = self.names().await;
                let Some(told) = command(&self.model, &names, self.balance(), ask) else {
                    return;
                };
                let settled = self.settle(|settlement, balance| {
                    command(settlement, &names, balance, ask).expect("it has the same parts")
                });
                let settled = settled.await;
                self.both(act, told, settled).await;
            }
        }
    }

    /// Somebody uses credits: nothing does so yet.
    async fn spend(&mut self, amount: u32) {
        let Some(Credits { account, purchase }) = self.credits else {
            return;
        };
        let Ok(moved) = account.spend(amount) else {
            return;
        };
        let account = moved.account;
        let (left, owner) = (account.balance(), account.owner());
        let used = format!("UPDATE credit_accounts SET balance = {left} WHERE user_id = {owner}");
        self.place.tables.run(&used).await;
        self.credits = Some(Credits { account, purchase });
        self.stored = self.place.load(self.order()).await;
        self.note("credits are used");
    }

    async fn settle(
        &self,
        rule: impl Fn(&Settlement, i64) -> Result<Step, Refused> + Send,
    ) -> Result<(), Refused> {
        let by = Actor::User(UserId::new(7).unwrap());
        let rule = move |settlement: &Settlement, balance, _| rule(settlement, balance);
        let settled = self.place.app.settle_by(self.order(), by, rule).await;
        settled.unwrap_or_else(|trouble| panic!("{trouble:?}"))
    }

    async fn both(&mut self, act: &Act, told: Result<Step, Refused>, settled: Result<(), Refused>) {
        match (told, settled) {
            (Ok(step), Ok(())) => self.follow(act, step).await,
            (Err(here), Err(there)) => {
                assert_eq!(here, there, "{act:?}");
                self.nothing_changed(act).await;
            }
            (told, settled) => panic!("{act:?}: {told:?} here, and {settled:?} there"),
        }
    }

    /// Takes a step in memory, with all that follows from it, and compares.
    async fn follow(&mut self, act: &Act, step: Step) {
        self.stored = self.place.load(self.order()).await;
        let due = step.effects.iter().filter_map(|effect| match effect {
            Effect::RefundSurplus { capture, .. } => Some(capture.clone()),
            _ => None,
        });
        let due: Vec<CaptureId> = due.collect();
        self.take(step);
        for capture in due {
            // Which id it has is the store's to say.
            let refunds = self.stored.parts.refunds.iter();
            let mut new = refunds.filter(|refund| {
                let terms = refund.terms();
                terms.capture == capture && self.model.refund(terms.id).is_none()
            });
            let id = new.next().expect("surplus goes back").terms().id;
            let step = self.model.refund_surplus(id, &capture).unwrap();
            self.take(step);
        }
        let due = self.model.standing().due_back;
        assert!(due.is_empty(), "{act:?}: nobody gives back {due:?}");
        self.compare(act).await;
    }

    /// Takes a step, and does outside what it asks for.
    fn take(&mut self, step: Step) {
        see(self.seen, &step.settlement, &step.effects);
        for effect in &step.effects {
            match effect {
                Effect::SettlePapers { payment, papers } => {
                    let known = self.papers.get_mut(payment).expect("its papers");
                    known.invoice = known.invoice.clone().settle(*papers).unwrap().into_inner();
                    for tax in &mut known.taxes {
                        *tax = tax.clone().settle(*papers).unwrap().into_inner();
                    }
                }
                Effect::SetCredits { standing } => {
                    let Credits { account, purchase } = self.credits.expect("credits are sold");
                    let settled = account.settle(purchase, *standing).unwrap();
                    let has_changed = settled.has_changed();
                    let (moved, purchase) = settled.into_inner();
                    self.entries.extend(has_changed.then_some(moved));
                    let account = moved.account;
                    self.credits = Some(Credits { account, purchase });
                }
                _ => {}
            }
        }
        self.model = step.settlement;
    }

    async fn nothing_changed(&mut self, act: &Act) {
        self.note("a command is refused");
        let now = self.place.load(self.order()).await;
        let Loaded { now: at, .. } = now;
        let before = Loaded {
            now: at,
            ..self.stored.clone()
        };
        assert_eq!(now, before, "{act:?} was refused and changed something");
        self.compare(act).await;
    }

    fn balance(&self) -> i64 {
        self.credits.map_or(0, |credits| credits.account.balance())
    }

    fn note(&self, what: &str) {
        *self.seen.borrow_mut().entry(what.to_owned()).or_default() += 1;
    }

    async fn names(&self) -> Names {
        let attempt = self.place.store.reserve_attempt_id().await.unwrap();
        let gateway = if attempt.get() % 2 == 1 {
            Gateway::Stripe
        } else {
            Gateway::Midtrans
        };
        let source = Source {
            gateway,
            account: AccountRef::new("acct_1").unwrap(),
            mode: Mode::Test,
        };
        Names {
            payment: self.opening.bill.payment.terms().clone(),
            attempt: (attempt, source),
            refund: self.place.store.reserve_refund_id().await.unwrap(),
        }
    }
}
