//! What people are told, in every language.

use std::fmt::{self, Display};

use crate::language::Language;

/// Declares each message once: its id and its three texts.
macro_rules! messages {
    ($(
        $( #[doc = $about:literal] )+
        $variant:ident $id:literal {
            id: $indonesian:literal,
            ms: $malay:literal,
            en: $english:literal,
        }
    )+) => {
        /// A text that a person sees.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Message {
            $( $( #[doc = $about] )+ $variant, )+
        }

        impl Message {
            /// Every message. For tests only: whatever a list names counts as used.
            #[cfg(test)]
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )+ ];

            /// Its stable name.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self {
                    $( Self::$variant => $id, )+
                }
            }

            /// Its text. Where something has to be filled in stand `{0}`, `{1}`.
            #[must_use]
            pub const fn text(self, language: Language) -> &'static str {
                match (self, language) {
                    $(
                        (Self::$variant, Language::Indonesian) => $indonesian,
                        (Self::$variant, Language::Malay) => $malay,
                        (Self::$variant, Language::English) => $english,
                    )+
                }
            }
        }
    };
}

impl Message {
    /// Its text with the values in their places, the first one for `{0}`.
    ///
    /// A place without a value stays as it is; a value without a place is left out.
    #[must_use]
    pub fn fill(self, language: Language, values: &[&dyn Display]) -> String {
        let mut filled = String::new();
        let mut rest = self.text(language);
        while let Some((before, number, after)) = next_place(rest) {
            filled.push_str(before);
            match values.get(number) {
                Some(value) => filled.push_str(&value.to_string()),
                None => filled.push_str(&format!("{{{number}}}")),
            }
            rest = after;
        }
        filled.push_str(rest);
        filled
    }
}

impl fmt::Display for Message {
    /// The id.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

/// What stands before the next `{0}`, its number, and what stands after it.
fn next_place(text: &str) -> Option<(&str, usize, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (number, after) = rest.split_once('}')?;
    Some((before, number.parse().ok()?, after))
}

messages! {
    // ---- what was done

    /// A payment was made.
    PaymentCreated "payment_created" {
        id: "Pembayaran berhasil dibuat",
        ms: "Pembayaran berjaya dibuat",
        en: "Payment created",
    }
    /// The order has a payment already.
    PaymentAlreadyCreated "payment_already_created" {
        id: "Pembayaran sudah dibuat sebelumnya",
        ms: "Pembayaran telah dibuat sebelum ini",
        en: "The payment has already been created",
    }
    /// The same payment was asked for again. Clients know the sentence, so it is the same in every language.
    DuplicatePayment "duplicate_payment" {
        id: "Duplicate payment request detected",
        ms: "Duplicate payment request detected",
        en: "Duplicate payment request detected",
    }
    /// A payment was called off.
    PaymentCancelled "payment_cancelled" {
        id: "Pembayaran berhasil dibatalkan",
        ms: "Pembayaran berjaya dibatalkan",
        en: "Payment cancelled",
    }
    /// A checkout is open.
    CheckoutOpen "checkout_open" {
        id: "Silakan lanjutkan ke halaman pembayaran",
        ms: "Sila teruskan ke halaman pembayaran",
        en: "Please go on to the payment page",
    }
    /// Nobody knows yet whether a checkout is open.
    CheckoutBeingPrepared "checkout_being_prepared" {
        id: "Halaman pembayaran sedang disiapkan",
        ms: "Halaman pembayaran sedang disediakan",
        en: "The payment page is being prepared",
    }
    /// A payment is proved to be paid.
    PaymentConfirmed "payment_confirmed" {
        id: "Pembayaran telah dikonfirmasi",
        ms: "Pembayaran telah disahkan",
        en: "Payment confirmed",
    }
    /// The gateway was asked.
    PaymentRefreshed "payment_refreshed" {
        id: "Status pembayaran telah diperiksa",
        ms: "Status pembayaran telah disemak",
        en: "The status of the payment was checked",
    }
    /// A payment is being called off, and its gateway has not said yet that nobody can pay it.
    PaymentBeingCancelled "payment_being_cancelled" {
        id: "Pembayaran sedang dibatalkan",
        ms: "Pembayaran sedang dibatalkan",
        en: "The payment is being cancelled",
    }
    /// An operator looked at a payment.
    PaymentReviewed "payment_reviewed" {
        id: "Pembayaran telah ditinjau",
        ms: "Pembayaran telah disemak semula",
        en: "Payment reviewed",
    }
    /// A decision about a payment has not reached the gateway for certain.
    ReviewBeingPassedOn "review_being_passed_on" {
        id: "Keputusan telah dicatat dan sedang diteruskan ke penyedia pembayaran",
        ms: "Keputusan telah direkodkan dan sedang disampaikan kepada penyedia pembayaran",
        en: "The decision is recorded and is being passed on to the payment provider",
    }
    /// Money went back.
    PaymentRefunded "payment_refunded" {
        id: "Dana berhasil dikembalikan",
        ms: "Wang berjaya dipulangkan",
        en: "The money was given back",
    }
    /// A gateway has taken a refund and has not said yet that the money went back.
    RefundOnItsWay "refund_on_its_way" {
        id: "Pengembalian dana telah diterima oleh penyedia pembayaran dan sedang berjalan",
        ms: "Pemulangan wang telah diterima oleh penyedia pembayaran dan sedang berjalan",
        en: "The payment provider has accepted the refund, and the money is on its way",
    }
    /// Nobody knows yet whether a gateway has a refund.
    RefundBeingMade "refund_being_made" {
        id: "Pengembalian dana telah dicatat dan sedang diproses",
        ms: "Pemulangan wang telah direkodkan dan sedang diproses",
        en: "The refund is recorded and is being processed",
    }
    /// Here is what was asked for.
    Found "found" {
        id: "Berhasil",
        ms: "Berjaya",
        en: "OK",
    }
    /// An order was taken in.
    OrderRegistered "order_registered" {
        id: "Pesanan berhasil didaftarkan",
        ms: "Pesanan berjaya didaftarkan",
        en: "Order registered",
    }
    /// The same order was sent again.
    OrderAlreadyRegistered "order_already_registered" {
        id: "Pesanan sudah didaftarkan sebelumnya",
        ms: "Pesanan telah didaftarkan sebelum ini",
        en: "The order has already been registered",
    }
    /// An order has a new price.
    PriceReplaced "price_replaced" {
        id: "Harga pesanan berhasil diganti",
        ms: "Harga pesanan berjaya ditukar",
        en: "The price of the order was replaced",
    }
    /// An order was called off.
    OrderCancelled "order_cancelled" {
        id: "Pesanan berhasil dibatalkan",
        ms: "Pesanan berjaya dibatalkan",
        en: "Order cancelled",
    }
    /// An order was served.
    OrderCompleted "order_completed" {
        id: "Pesanan telah selesai",
        ms: "Pesanan telah selesai",
        en: "Order completed",
    }

    // ---- who may

    /// Nobody has signed in, or the token is no longer good.
    Unauthorized "unauthorized" {
        id: "Silakan masuk terlebih dahulu",
        ms: "Sila log masuk terlebih dahulu",
        en: "Please sign in first",
    }
    /// The address or the password is wrong.
    InvalidCredentials "invalid_credentials" {
        id: "Email atau kata sandi salah",
        ms: "E-mel atau kata laluan salah",
        en: "The email address or the password is wrong",
    }
    /// The role is too small, or it belongs to somebody else.
    Forbidden "forbidden" {
        id: "Anda tidak memiliki izin untuk melakukan ini",
        ms: "Anda tidak mempunyai kebenaran untuk melakukan ini",
        en: "You are not allowed to do this",
    }
    /// Too many requests.
    RateLimited "rate_limited" {
        id: "Terlalu banyak permintaan, silakan coba lagi nanti",
        ms: "Terlalu banyak permintaan, sila cuba lagi sebentar lagi",
        en: "Too many requests, please try again later",
    }

    // ---- what is not there

    /// Nothing is at this address.
    NotFound "not_found" {
        id: "Yang Anda cari tidak ditemukan",
        ms: "Perkara yang anda cari tidak ditemui",
        en: "What you are looking for was not found",
    }
    /// There is no such order.
    OrderNotFound "order_not_found" {
        id: "Pesanan tidak ditemukan",
        ms: "Pesanan tidak ditemui",
        en: "The order was not found",
    }
    /// There is no such payment.
    PaymentNotFound "payment_not_found" {
        id: "Pembayaran tidak ditemukan",
        ms: "Pembayaran tidak ditemui",
        en: "The payment was not found",
    }
    /// There is no such user.
    UserNotFound "user_not_found" {
        id: "Pengguna tidak ditemukan",
        ms: "Pengguna tidak ditemui",
        en: "The user was not found",
    }

    // ---- what is wrong with a request

    /// The address does not know the method.
    MethodNotAllowed "method_not_allowed" {
        id: "Metode HTTP ini tidak didukung di alamat ini",
        ms: "Kaedah HTTP ini tidak disokong di alamat ini",
        en: "This HTTP method is not supported at this address",
    }
    /// The body is not what it says it is.
    InvalidRequest "invalid_request" {
        id: "Permintaan tidak dapat dibaca",
        ms: "Permintaan tidak dapat dibaca",
        en: "The request could not be read",
    }
    /// A field is wrong.
    ValidationFailed "validation_failed" {
        id: "Data yang dikirim tidak valid",
        ms: "Data yang dihantar tidak sah",
        en: "The data sent is not valid",
    }
    /// The body is too long.
    PayloadTooLarge "payload_too_large" {
        id: "Isi permintaan terlalu besar",
        ms: "Kandungan permintaan terlalu besar",
        en: "The request is too large",
    }
    /// The body is of another kind.
    UnsupportedMediaType "unsupported_media_type" {
        id: "Jenis isi permintaan ini tidak didukung",
        ms: "Jenis kandungan permintaan ini tidak disokong",
        en: "This type of request body is not supported",
    }

    // ---- idempotency keys

    /// The key is empty, too long or unreadable.
    IdempotencyKeyInvalid "idempotency_key_invalid" {
        id: "Kunci idempotensi harus terdiri dari 1 sampai 255 karakter yang dapat dicetak",
        ms: "Kunci idempotensi mesti mengandungi 1 hingga 255 aksara yang boleh dicetak",
        en: "An idempotency key has 1 to 255 printable characters",
    }
    /// What moves money back names itself, so that a repeat moves none.
    IdempotencyKeyRequired "idempotency_key_required" {
        id: "Permintaan ini memerlukan kunci idempotensi, misalnya di header Idempotency-Key",
        ms: "Permintaan ini memerlukan kunci idempotensi, contohnya dalam pengepala Idempotency-Key",
        en: "This request needs an idempotency key, for example in the header Idempotency-Key",
    }
    /// The header and the body name two keys.
    IdempotencyKeysDiffer "idempotency_keys_differ" {
        id: "Permintaan ini membawa dua kunci idempotensi yang berbeda",
        ms: "Permintaan ini membawa dua kunci idempotensi yang berbeza",
        en: "The request carries two different idempotency keys",
    }
    /// The key belongs to another request.
    IdempotencyKeyReused "idempotency_key_reused" {
        id: "Kunci idempotensi ini sudah digunakan untuk permintaan lain",
        ms: "Kunci idempotensi ini telah digunakan untuk permintaan lain",
        en: "This idempotency key was already used for another request",
    }

    // ---- what an order or a payment does not allow now

    /// Somebody else is at it.
    PaymentInProgress "payment_in_progress" {
        id: "Pembayaran untuk pesanan ini sedang diproses, silakan coba lagi sebentar lagi",
        ms: "Pembayaran untuk pesanan ini sedang diproses, sila cuba lagi sebentar lagi",
        en: "A payment for this order is being processed, please try again in a moment",
    }
    /// The order is paid, cancelled or refunded.
    OrderNotPayable "order_not_payable" {
        id: "Pesanan ini tidak dapat dibayar lagi",
        ms: "Pesanan ini tidak boleh dibayar lagi",
        en: "This order can no longer be paid",
    }
    /// The price is fixed while a payment is live.
    OrderHasLivePayment "order_has_live_payment" {
        id: "Harga tidak dapat diubah karena pesanan ini sudah memiliki pembayaran yang masih berlaku",
        ms: "Harga tidak boleh diubah kerana pesanan ini mempunyai pembayaran yang masih aktif",
        en: "The price cannot change now, because the order has a payment that is still active",
    }
    /// The order was registered with something else that never changes.
    OrderExistsOtherwise "order_exists_otherwise" {
        id: "Pesanan ini sudah terdaftar dengan isi yang berbeda",
        ms: "Pesanan ini sudah didaftarkan dengan kandungan yang berbeza",
        en: "This order was registered with other contents",
    }
    /// The order's state does not allow another price.
    OrderNotRepriceable "order_not_repriceable" {
        id: "Harga pesanan ini tidak dapat diubah lagi",
        ms: "Harga pesanan ini tidak boleh diubah lagi",
        en: "The price of this order can no longer change",
    }
    /// The order is past calling off.
    OrderNotCancellable "order_not_cancellable" {
        id: "Pesanan ini tidak dapat dibatalkan lagi",
        ms: "Pesanan ini tidak boleh dibatalkan lagi",
        en: "This order can no longer be cancelled",
    }
    /// The order is not paid, or it is over.
    OrderNotCompletable "order_not_completable" {
        id: "Hanya pesanan yang sudah dibayar yang dapat diselesaikan",
        ms: "Hanya pesanan yang telah dibayar boleh diselesaikan",
        en: "Only an order that is paid can be completed",
    }
    /// The payment is past calling off.
    PaymentNotCancellable "payment_not_cancellable" {
        id: "Pembayaran ini tidak dapat dibatalkan lagi",
        ms: "Pembayaran ini tidak boleh dibatalkan lagi",
        en: "This payment can no longer be cancelled",
    }

    /// The payment takes no money any more.
    PaymentNotPayable "payment_not_payable" {
        id: "Pembayaran ini tidak dapat dibayar lagi",
        ms: "Pembayaran ini tidak boleh dibayar lagi",
        en: "This payment can no longer be paid",
    }
    /// The payment is paid already.
    PaymentAlreadyPaid "payment_already_paid" {
        id: "Pembayaran ini sudah dibayar",
        ms: "Pembayaran ini telah dibayar",
        en: "This payment is already paid",
    }
    /// The gateway says that it is not paid.
    NotPaidYet "not_paid_yet" {
        id: "Pembayaran ini belum dibayar",
        ms: "Pembayaran ini belum dibayar",
        en: "This payment has not been paid yet",
    }
    /// The gateway has another transaction for the payment.
    TransactionMismatch "transaction_mismatch" {
        id: "Transaksi ini bukan transaksi dari pembayaran tersebut",
        ms: "Transaksi ini bukan transaksi bagi pembayaran tersebut",
        en: "This transaction does not belong to the payment",
    }
    /// The payment ended otherwise, or is looked at.
    PaymentNotConfirmable "payment_not_confirmable" {
        id: "Pembayaran ini tidak dapat dikonfirmasi",
        ms: "Pembayaran ini tidak dapat disahkan",
        en: "This payment cannot be confirmed",
    }
    /// No money of the payment waits for a decision.
    NothingToReview "nothing_to_review" {
        id: "Tidak ada yang perlu ditinjau pada pembayaran ini",
        ms: "Tiada apa-apa yang perlu disemak pada pembayaran ini",
        en: "There is nothing to review about this payment",
    }
    /// No money of the payment can go back.
    PaymentNotRefundable "payment_not_refundable" {
        id: "Tidak ada dana dari pembayaran ini yang dapat dikembalikan",
        ms: "Tiada wang daripada pembayaran ini yang boleh dipulangkan",
        en: "There is no money of this payment to give back",
    }
    /// More should go back than there is: at most `{0}`.
    RefundExceedsPayment "refund_exceeds_payment" {
        id: "Paling banyak {0} yang dapat dikembalikan",
        ms: "Paling banyak {0} boleh dipulangkan",
        en: "At most {0} can be given back",
    }
    /// The credits that the money bought were used.
    InsufficientCredits "insufficient_credits" {
        id: "Kredit yang dibeli dengan pembayaran ini sudah terpakai",
        ms: "Kredit yang dibeli dengan pembayaran ini telah digunakan",
        en: "The credits that this payment bought have already been used",
    }
    /// The gateway cannot give the money back: somebody has to transfer it.
    RefundNeedsManualTransfer "refund_needs_manual_transfer" {
        id: "Penyedia pembayaran tidak dapat mengembalikan dana ini: dana harus ditransfer secara manual",
        ms: "Penyedia pembayaran tidak dapat memulangkan wang ini: wang perlu dipindahkan secara manual",
        en: "The payment provider cannot give this money back: it has to be transferred by hand",
    }
    /// A refund that was asked for before did not go back after all.
    RefundFailed "refund_failed" {
        id: "Pengembalian dana ini gagal: dana tidak dikembalikan",
        ms: "Pemulangan wang ini gagal: wang tidak dipulangkan",
        en: "This refund failed: the money was not given back",
    }
    /// So much may go back today: `{0}`.
    RefundDailyLimit "refund_daily_limit" {
        id: "Batas pengembalian dana Anda hari ini terlampaui: masih tersisa {0}",
        ms: "Had pemulangan wang anda hari ini dilampaui: masih berbaki {0}",
        en: "This is above your refund limit for today: {0} is left",
    }

    // ---- amounts and methods

    /// An order costs too little, too much, or something in a currency that is not taken: `{0}` `{1}`.
    AmountNotTaken "amount_not_taken" {
        id: "Pesanan seharga {0} {1} tidak dapat diterima",
        ms: "Pesanan berharga {0} {1} tidak dapat diterima",
        en: "An order of {0} {1} is not taken",
    }
    /// The amount is not the price of the order.
    PriceMismatch "price_mismatch" {
        id: "Jumlah ini tidak sama dengan harga pesanan",
        ms: "Jumlah ini tidak sama dengan harga pesanan",
        en: "The amount is not the price of the order",
    }
    /// The currency is not that of the order.
    CurrencyMismatch "currency_mismatch" {
        id: "Mata uang ini tidak sama dengan mata uang pesanan",
        ms: "Mata wang ini tidak sama dengan mata wang pesanan",
        en: "The currency is not that of the order",
    }
    /// The gateway is not set up here.
    MethodNotAvailable "method_not_available" {
        id: "Metode pembayaran ini tidak tersedia",
        ms: "Kaedah pembayaran ini tidak tersedia",
        en: "This payment method is not available",
    }
    /// The gateway does not take the currency: `{0}`.
    MethodRefusesCurrency "method_refuses_currency" {
        id: "Metode pembayaran ini tidak menerima mata uang {0}",
        ms: "Kaedah pembayaran ini tidak menerima mata wang {0}",
        en: "This payment method does not take {0}",
    }
    /// The amount is below the limit: `{0}`.
    AmountBelowLimit "amount_below_limit" {
        id: "Jumlah paling sedikit {0}",
        ms: "Jumlah paling sedikit ialah {0}",
        en: "The amount must be at least {0}",
    }
    /// The amount is above the limit: `{0}`.
    AmountAboveLimit "amount_above_limit" {
        id: "Jumlah paling banyak {0}",
        ms: "Jumlah paling banyak ialah {0}",
        en: "The amount must be at most {0}",
    }
    /// The amount is nothing.
    AmountNotPositive "amount_not_positive" {
        id: "Jumlah harus lebih dari nol",
        ms: "Jumlah mesti lebih daripada sifar",
        en: "The amount must be above zero",
    }
    /// The currency `{0}` has fewer decimals: `{1}`.
    TooManyDecimals "too_many_decimals" {
        id: "Jumlah dalam {0} memiliki paling banyak {1} angka di belakang koma",
        ms: "Jumlah dalam {0} mempunyai paling banyak {1} tempat perpuluhan",
        en: "An amount in {0} has at most {1} decimal places",
    }

    // ---- what a gateway did not do

    /// The gateway cannot be asked.
    GatewayUnavailable "gateway_unavailable" {
        id: "Layanan pembayaran tidak dapat dihubungi, silakan coba lagi sebentar lagi",
        ms: "Perkhidmatan pembayaran tidak dapat dihubungi, sila cuba lagi sebentar lagi",
        en: "The payment service cannot be reached, please try again in a moment",
    }
    /// The gateway refused, for a reason that says nothing to a person.
    GatewayRefused "gateway_refused" {
        id: "Layanan pembayaran tidak menerima permintaan ini, silakan hubungi kami",
        ms: "Perkhidmatan pembayaran tidak menerima permintaan ini, sila hubungi kami",
        en: "The payment service did not accept this request, please contact us",
    }
    /// What was to be paid with was declined.
    GatewayDeclined "gateway_declined" {
        id: "Pembayaran ditolak, silakan gunakan kartu atau cara pembayaran lain",
        ms: "Pembayaran ditolak, sila gunakan kad atau cara pembayaran lain",
        en: "The payment was declined, please use another card or another way to pay",
    }
    /// Our key does not count there. A person hears nothing of keys.
    MethodNotAvailableNow "method_not_available_now" {
        id: "Metode pembayaran ini sedang tidak tersedia",
        ms: "Kaedah pembayaran ini tidak tersedia buat masa ini",
        en: "This payment method is not available right now",
    }
    /// The gateway is asked too often.
    GatewayBusy "gateway_busy" {
        id: "Layanan pembayaran sedang sibuk, silakan coba lagi sebentar lagi",
        ms: "Perkhidmatan pembayaran sedang sibuk, sila cuba lagi sebentar lagi",
        en: "The payment service is busy, please try again in a moment",
    }
    /// The gateway does not answer in time.
    GatewaySlow "gateway_slow" {
        id: "Layanan pembayaran tidak menjawab tepat waktu, silakan coba lagi sebentar lagi",
        ms: "Perkhidmatan pembayaran tidak menjawab dalam masa yang ditetapkan, sila cuba lagi sebentar lagi",
        en: "The payment service did not answer in time, please try again in a moment",
    }
    /// The gateway has a fault of its own.
    GatewayTrouble "gateway_trouble" {
        id: "Layanan pembayaran sedang mengalami gangguan, silakan coba lagi nanti",
        ms: "Perkhidmatan pembayaran sedang mengalami gangguan, sila cuba lagi kemudian",
        en: "The payment service is having problems, please try again later",
    }
    /// The amount is too small, too large or too fine for the gateway.
    AmountNotTakenByGateway "amount_not_taken_by_gateway" {
        id: "Jumlah ini tidak dapat dibayar dengan metode pembayaran ini",
        ms: "Jumlah ini tidak dapat dibayar dengan kaedah pembayaran ini",
        en: "This amount cannot be paid by this payment method",
    }

    // ---- pages for buyers

    /// The page cannot tell which payment it is about.
    SessionNotValid "session_not_valid" {
        id: "Sesi pembayaran tidak sah atau telah tamat",
        ms: "Sesi pembayaran tidak sah atau telah tamat",
        en: "The payment session is not valid or has ended",
    }
    /// Where to get help.
    WhereToGetHelp "where_to_get_help" {
        id: "Tidak ada pembayaran yang hilang: jika Anda sudah membayar, hubungi tempat Anda memesan dan sebutkan nomor pesanan Anda",
        ms: "Tiada bayaran yang hilang: jika anda telah membayar, hubungi tempat anda membuat pesanan dan nyatakan nombor pesanan anda",
        en: "No payment is lost: if you have paid, contact the place where you ordered and tell them the number of your order",
    }
    /// The money is there.
    PagePaid "page_paid" {
        id: "Pembayaran telah diterima",
        ms: "Pembayaran telah diterima",
        en: "The payment has been received",
    }
    /// What to do then.
    PagePaidWords "page_paid_words" {
        id: "Terima kasih, Anda dapat menutup halaman ini",
        ms: "Terima kasih, anda boleh menutup halaman ini",
        en: "Thank you, you can close this page",
    }
    /// A bank is working on the payment.
    PaymentBeingChecked "payment_being_checked" {
        id: "Bank sedang memproses pembayaran Anda, Anda tidak perlu membayar lagi",
        ms: "Bank sedang memproses pembayaran anda, anda tidak perlu membayar lagi",
        en: "A bank is working on your payment, you do not have to pay again",
    }
    /// Somebody looks at the money.
    PageBeingChecked "page_being_checked" {
        id: "Pembayaran sedang diperiksa",
        ms: "Pembayaran sedang disemak",
        en: "The payment is being checked",
    }
    /// What to do then.
    PageBeingCheckedWords "page_being_checked_words" {
        id: "Anda tidak perlu membayar lagi, kami akan memeriksanya terlebih dahulu",
        ms: "Anda tidak perlu membayar lagi, kami akan menyemaknya terlebih dahulu",
        en: "You do not have to pay again, we are looking at it first",
    }
    /// The money went back.
    PageRefunded "page_refunded" {
        id: "Dana telah dikembalikan",
        ms: "Wang telah dipulangkan",
        en: "The money has been given back",
    }
    /// What to know then.
    PageRefundedWords "page_refunded_words" {
        id: "Bank Anda dapat memerlukan beberapa hari sampai dana terlihat di rekening Anda",
        ms: "Bank anda mungkin memerlukan beberapa hari sehingga wang kelihatan dalam akaun anda",
        en: "It can take your bank some days until you see it in your account",
    }
    /// No money was seen.
    PageNotYetPaid "page_not_yet_paid" {
        id: "Pembayaran belum kami terima",
        ms: "Pembayaran belum kami terima",
        en: "We have not received the payment yet",
    }
    /// What to do when it was paid.
    PageNotYetPaidWords "page_not_yet_paid_words" {
        id: "Jika Anda sudah membayar, halaman ini akan menunjukkannya setelah pembayaran dikonfirmasi",
        ms: "Jika anda telah membayar, halaman ini akan menunjukkannya selepas pembayaran disahkan",
        en: "If you have paid, this page will show it as soon as the payment is confirmed",
    }
    /// What to do when the buyer turned back.
    PageTurnedBackWords "page_turned_back_words" {
        id: "Anda dapat melanjutkan pembayaran dari pesanan Anda",
        ms: "Anda boleh meneruskan pembayaran daripada pesanan anda",
        en: "You can go on paying from your order",
    }
    /// It can be paid no more.
    PageOver "page_over" {
        id: "Pembayaran ini telah berakhir",
        ms: "Pembayaran ini telah tamat",
        en: "This payment is over",
    }
    /// The page looks again by itself.
    PageLooksAgain "page_looks_again" {
        id: "Halaman ini akan memuat ulang dengan sendirinya",
        ms: "Halaman ini akan dimuat semula dengan sendirinya",
        en: "This page reloads by itself",
    }
    /// The page cannot be shown.
    PageFailed "page_failed" {
        id: "Pembayaran tidak dapat dilanjutkan",
        ms: "Pembayaran tidak dapat diteruskan",
        en: "The payment cannot go on",
    }
    /// A link that tries the same again.
    TryAgain "try_again" {
        id: "Coba lagi",
        ms: "Cuba lagi",
        en: "Try again",
    }
    /// A link to where the buyer came from.
    GoBack "go_back" {
        id: "Kembali ke situs",
        ms: "Kembali ke laman",
        en: "Back to the site",
    }

    // ---- what went wrong here

    /// The database cannot be reached.
    ServiceUnavailable "service_unavailable" {
        id: "Layanan sedang tidak tersedia, silakan coba lagi sebentar lagi",
        ms: "Perkhidmatan tidak tersedia buat masa ini, sila cuba lagi sebentar lagi",
        en: "The service is not available right now, please try again in a moment",
    }
    /// It took too long.
    RequestTimeout "request_timeout" {
        id: "Permintaan memakan waktu terlalu lama, silakan coba lagi",
        ms: "Permintaan mengambil masa terlalu lama, sila cuba lagi",
        en: "The request took too long, please try again",
    }
    /// A fault of ours.
    InternalError "internal_error" {
        id: "Terjadi kesalahan di pihak kami, silakan coba lagi nanti",
        ms: "Berlaku ralat di pihak kami, sila cuba lagi kemudian",
        en: "Something went wrong on our side, please try again later",
    }

    // ---- what is wrong with a field

    /// The field is missing.
    FieldRequired "field_required" {
        id: "Wajib diisi",
        ms: "Wajib diisi",
        en: "This field is required",
    }
    /// There is no such field.
    FieldUnknown "field_unknown" {
        id: "Kolom ini tidak dikenal",
        ms: "Medan ini tidak dikenali",
        en: "This field is not known",
    }
    /// The value is wrong.
    FieldInvalid "field_invalid" {
        id: "Nilai ini tidak valid",
        ms: "Nilai ini tidak sah",
        en: "This value is not valid",
    }
    /// The value is not a text.
    FieldNotString "field_not_string" {
        id: "Harus berupa teks",
        ms: "Mesti berupa teks",
        en: "Must be a text",
    }
    /// The value is not a whole number.
    FieldNotWholeNumber "field_not_whole_number" {
        id: "Harus berupa bilangan bulat",
        ms: "Mesti berupa nombor bulat",
        en: "Must be a whole number",
    }
    /// The value is not a list.
    FieldNotList "field_not_list" {
        id: "Harus berupa daftar",
        ms: "Mesti berupa senarai",
        en: "Must be a list",
    }
    /// The value is not an amount of money.
    FieldNotAmount "field_not_amount" {
        id: "Harus berupa jumlah uang, misalnya 5000 atau 5000.00",
        ms: "Mesti berupa jumlah wang, contohnya 5000 atau 5000.00",
        en: "Must be an amount, such as 5000 or 5000.00",
    }
    /// The value is not a currency.
    FieldNotCurrency "field_not_currency" {
        id: "Harus berupa kode mata uang ISO 4217, misalnya IDR",
        ms: "Mesti berupa kod mata wang ISO 4217, contohnya IDR",
        en: "Must be a currency code of ISO 4217, such as IDR",
    }
    /// The value is no decision.
    FieldNotDecision "field_not_decision" {
        id: "Harus accept atau refuse",
        ms: "Mesti accept atau refuse",
        en: "Must be accept or refuse",
    }
    /// The text has more than `{0}` characters.
    FieldTooLong "field_too_long" {
        id: "Paling banyak {0} karakter",
        ms: "Paling banyak {0} aksara",
        en: "At most {0} characters",
    }
    /// The number is above `{0}`.
    FieldTooLarge "field_too_large" {
        id: "Paling besar {0}",
        ms: "Paling besar {0}",
        en: "At most {0}",
    }
    /// The list has more than `{0}` entries.
    FieldTooMany "field_too_many" {
        id: "Paling banyak {0} entri",
        ms: "Paling banyak {0} entri",
        en: "At most {0} entries",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The numbers of the places in a text.
    fn places(text: &str) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut rest = text;
        while let Some((_, number, after)) = next_place(rest) {
            found.insert(number);
            rest = after;
        }
        assert!(!rest.contains(['{', '}']), "{text}");
        found
    }

    #[test]
    fn every_message_has_a_text_in_every_language() {
        for message in Message::ALL {
            for language in Language::ALL {
                let text = message.text(language);
                assert!(!text.is_empty(), "{message} {language}");
                assert_eq!(text, text.trim(), "{message} {language}");
                assert!(!text.ends_with('.'), "{message} {language}");
                assert!(
                    !text.starts_with(char::is_lowercase),
                    "{message} {language}"
                );
            }
        }
    }

    #[test]
    fn ids_are_unique_and_in_snake_case() {
        let ids: BTreeSet<_> = Message::ALL.iter().map(|message| message.id()).collect();
        assert_eq!(ids.len(), Message::ALL.len());
        for id in ids {
            assert!(
                id.bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
                "{id}"
            );
        }
    }

    #[test]
    fn the_three_texts_have_the_same_places() {
        for message in Message::ALL {
            let expected = places(message.text(Language::Indonesian));
            assert_eq!(expected, (0..expected.len()).collect(), "{message}");
            for language in Language::ALL {
                assert_eq!(
                    places(message.text(language)),
                    expected,
                    "{message} {language}"
                );
            }
        }
    }

    #[test]
    fn the_sentences_of_the_specification_are_exact() {
        let indonesian = |message: Message| message.text(Language::Indonesian);
        assert_eq!(
            indonesian(Message::PaymentCreated),
            "Pembayaran berhasil dibuat"
        );
        assert_eq!(
            indonesian(Message::PaymentAlreadyCreated),
            "Pembayaran sudah dibuat sebelumnya"
        );
        for language in Language::ALL {
            assert_eq!(
                Message::DuplicatePayment.text(language),
                "Duplicate payment request detected"
            );
        }
    }

    #[test]
    fn values_are_filled_in_where_they_belong() {
        let fill =
            |values: &[&dyn Display]| Message::TooManyDecimals.fill(Language::English, values);
        assert_eq!(
            fill(&[&"JPY", &0]),
            "An amount in JPY has at most 0 decimal places"
        );
        assert_eq!(
            fill(&[&"{1}", &2, &3]),
            "An amount in {1} has at most 2 decimal places"
        );
        assert_eq!(
            fill(&[&"JPY"]),
            "An amount in JPY has at most {1} decimal places"
        );
        assert_eq!(
            Message::FieldRequired.fill(Language::Malay, &[]),
            Message::FieldRequired.text(Language::Malay)
        );
    }
}
