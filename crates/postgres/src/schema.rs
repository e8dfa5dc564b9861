//! The tables, as far as the query builder has to know them. `migrations/postgres` makes them.

diesel::define_sql_function! {
    /// Now, by the clock that judges deadlines.
    fn bayar_now() -> diesel::sql_types::Timestamptz;
}

diesel::define_sql_function! {
    /// A time, or another one where there is none.
    #[sql_name = "coalesce"]
    fn time_or(
        time: diesel::sql_types::Nullable<diesel::sql_types::Timestamptz>,
        other: diesel::sql_types::Timestamptz,
    ) -> diesel::sql_types::Timestamptz;
}

diesel::table! {
    users (id) {
        id -> BigInt,
        email -> Text,
        password -> Text,
        role -> Text,
        disabled_at -> Nullable<Timestamptz>,
        epoch -> BigInt,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    api_keys (id) {
        id -> BigInt,
        name -> Text,
        role -> Text,
        scopes -> Text,
        prefix -> Text,
        hash -> Binary,
        created_at -> Timestamptz,
        revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    orders (id) {
        id -> BigInt,
        order_number -> Text,
        kind -> Text,
        consultation_id -> Nullable<BigInt>,
        credits -> Nullable<BigInt>,
        external_ref -> Nullable<Text>,
        description -> Nullable<Text>,
        user_id -> BigInt,
        price_minor -> BigInt,
        currency -> Text,
        status -> Text,
        live_payment_id -> Nullable<BigInt>,
        version -> BigInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    order_items (order_id, position) {
        order_id -> BigInt,
        position -> Integer,
        name -> Text,
        quantity -> BigInt,
        unit_minor -> BigInt,
    }
}

diesel::table! {
    payments (id) {
        id -> BigInt,
        order_id -> BigInt,
        user_id -> BigInt,
        consultation_id -> Nullable<BigInt>,
        price_minor -> BigInt,
        amount_minor -> BigInt,
        currency -> Text,
        payment_method -> Text,
        status -> Text,
        state -> Text,
        version -> BigInt,
        deadline -> Timestamptz,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    invoices (id) {
        id -> BigInt,
        payment_id -> BigInt,
        invoice_number -> Text,
        amount_minor -> BigInt,
        currency -> Text,
        status -> Text,
        issued_at -> Timestamptz,
    }
}

diesel::table! {
    tax_records (id) {
        id -> BigInt,
        payment_id -> BigInt,
        position -> Integer,
        tax_amount_minor -> BigInt,
        currency -> Text,
        status -> Text,
        reversed_minor -> BigInt,
        line -> Text,
    }
}

diesel::table! {
    payment_events (payment_id, version) {
        payment_id -> BigInt,
        version -> BigInt,
        from_status -> Nullable<Text>,
        to_status -> Text,
        actor -> Text,
        at -> Timestamptz,
    }
}

diesel::table! {
    decisions (order_id, position) {
        order_id -> BigInt,
        position -> Integer,
        decision -> Text,
        actor -> Text,
        at -> Timestamptz,
        note -> Nullable<Text>,
    }
}

diesel::table! {
    attempts (id) {
        id -> BigInt,
        payment_id -> BigInt,
        order_id -> BigInt,
        gateway -> Text,
        account -> Text,
        mode -> Text,
        status -> Text,
        state -> Text,
        version -> BigInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    refunds (id) {
        id -> BigInt,
        payment_id -> BigInt,
        order_id -> BigInt,
        capture -> Text,
        origin -> Text,
        reason -> Nullable<Text>,
        amount_minor -> BigInt,
        currency -> Text,
        status -> Text,
        state -> Text,
        version -> BigInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        asked_by -> Nullable<Text>,
        key_owner -> Nullable<Text>,
        key -> Nullable<Text>,
        request_hash -> Nullable<Binary>,
        counted_day -> Nullable<Date>,
    }
}

diesel::table! {
    refund_events (refund_id, version) {
        refund_id -> BigInt,
        version -> BigInt,
        from_status -> Nullable<Text>,
        to_status -> Text,
        actor -> Text,
        at -> Timestamptz,
    }
}

diesel::table! {
    refund_days (actor, day, currency) {
        actor -> Text,
        day -> Date,
        currency -> Text,
        used_minor -> BigInt,
    }
}

diesel::table! {
    credit_notes (id) {
        id -> BigInt,
        number -> Text,
        payment_id -> BigInt,
        refund_id -> Nullable<BigInt>,
        external_refund -> Nullable<Text>,
        amount_minor -> BigInt,
        currency -> Text,
        taxes -> Text,
        issued_at -> Timestamptz,
    }
}

diesel::table! {
    external_refunds (order_id, refund) {
        order_id -> BigInt,
        refund -> Text,
        payment_id -> Nullable<BigInt>,
        capture -> Text,
        amount_minor -> BigInt,
        currency -> Text,
        step -> Text,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    credit_accounts (user_id) {
        user_id -> BigInt,
        balance -> BigInt,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    credit_entries (id) {
        id -> BigInt,
        user_id -> BigInt,
        order_id -> Nullable<BigInt>,
        change -> BigInt,
        shortfall -> BigInt,
        balance -> BigInt,
        actor -> Text,
        at -> Timestamptz,
    }
}

diesel::table! {
    alerts (id) {
        id -> BigInt,
        order_id -> BigInt,
        owed -> Nullable<BigInt>,
        alert -> Text,
        raised_at -> Timestamptz,
        cleared_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    facts (gateway, account, mode, kind, object, step) {
        gateway -> Text,
        account -> Text,
        mode -> Text,
        kind -> Text,
        object -> Text,
        step -> Text,
        order_id -> BigInt,
        attempt_id -> BigInt,
        fact -> Text,
        at -> Timestamptz,
        recorded_at -> Timestamptz,
    }
}

diesel::table! {
    captures (gateway, account, mode, capture) {
        gateway -> Text,
        account -> Text,
        mode -> Text,
        capture -> Text,
        order_id -> BigInt,
        attempt_id -> BigInt,
        currency -> Nullable<Text>,
        captured_minor -> BigInt,
        refunded_minor -> BigInt,
        reserved_minor -> BigInt,
        disputed_minor -> BigInt,
        loss_minor -> BigInt,
    }
}

diesel::table! {
    primary_captures (id) {
        id -> BigInt,
        order_id -> BigInt,
        gateway -> Text,
        account -> Text,
        mode -> Text,
        capture -> Text,
        decided_at -> Timestamptz,
        released_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    gateway_calls (key) {
        key -> Text,
        order_id -> BigInt,
        position -> Integer,
        operation -> Text,
        subject_id -> BigInt,
        generation -> BigInt,
        path -> Text,
        body -> Text,
        good_until -> Timestamptz,
        dead_at -> Timestamptz,
        status -> Text,
        epoch -> BigInt,
        leased_until -> Nullable<Timestamptz>,
        unclear -> BigInt,
        fault -> Nullable<Text>,
        created_at -> Timestamptz,
        finished_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    idempotency_keys (owner, route, key) {
        owner -> Text,
        route -> Text,
        key -> Text,
        request_hash -> Binary,
        payment_id -> BigInt,
        body -> Binary,
        created_at -> Timestamptz,
        kept_until -> Timestamptz,
    }
}

diesel::table! {
    outbox (aggregate, sequence) {
        aggregate -> Text,
        sequence -> BigInt,
        kind -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    jobs (kind, subject_id) {
        kind -> Text,
        subject_id -> BigInt,
        due_at -> Timestamptz,
        done_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    schedule (name) {
        name -> Text,
        due_at -> Timestamptz,
    }
}

diesel::table! {
    installation (only_one) {
        only_one -> Bool,
        word -> Text,
    }
}

diesel::table! {
    inbox (id) {
        id -> BigInt,
        gateway -> Text,
        account -> Text,
        mode -> Text,
        event_key -> Text,
        event_type -> Text,
        headers -> Text,
        body -> Binary,
        received_at -> Timestamptz,
        status -> Text,
        tries -> BigInt,
        next_try_at -> Nullable<Timestamptz>,
        epoch -> BigInt,
        leased_until -> Nullable<Timestamptz>,
        fault -> Nullable<Text>,
        order_id -> Nullable<BigInt>,
        attempt_id -> Nullable<BigInt>,
        finished_at -> Nullable<Timestamptz>,
    }
}

diesel::joinable!(payments -> orders (order_id));
diesel::joinable!(inbox -> orders (order_id));
diesel::allow_tables_to_appear_in_same_query!(inbox, orders);
diesel::joinable!(idempotency_keys -> payments (payment_id));
diesel::allow_tables_to_appear_in_same_query!(orders, payments, idempotency_keys);
diesel::allow_tables_to_appear_in_same_query!(refunds, alerts);
