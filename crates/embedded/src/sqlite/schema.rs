//! The tables, as `migrations/sqlite` makes them.

diesel::table! {
    installation (only_one) {
        only_one -> BigInt,
        word -> Text,
    }
}

diesel::table! {
    users (id) {
        id -> BigInt,
        email -> Text,
        password -> Text,
        role -> Text,
        disabled_at -> Nullable<Text>,
        epoch -> BigInt,
        created_at -> Text,
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
        created_at -> Text,
        revoked_at -> Nullable<Text>,
    }
}

diesel::table! {
    sequences (name) {
        name -> Text,
        next_id -> BigInt,
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
        created_at -> Text,
        updated_at -> Text,
    }
}

diesel::table! {
    order_items (order_id, position) {
        order_id -> BigInt,
        position -> BigInt,
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
        amount -> Text,
        currency -> Text,
        payment_method -> Text,
        status -> Text,
        state -> Text,
        version -> BigInt,
        deadline -> Text,
        created_at -> Text,
        updated_at -> Text,
    }
}

diesel::table! {
    invoices (id) {
        id -> BigInt,
        payment_id -> BigInt,
        invoice_number -> Text,
        amount_minor -> BigInt,
        amount -> Text,
        currency -> Text,
        status -> Text,
        issued_at -> Text,
    }
}

diesel::table! {
    tax_records (id) {
        id -> BigInt,
        payment_id -> BigInt,
        position -> BigInt,
        tax_type -> Text,
        rate -> Text,
        tax_amount_minor -> BigInt,
        tax_amount -> Text,
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
        at -> Text,
    }
}

diesel::table! {
    decisions (order_id, position) {
        order_id -> BigInt,
        position -> BigInt,
        decision -> Text,
        actor -> Text,
        at -> Text,
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
        created_at -> Text,
        updated_at -> Text,
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
        amount -> Text,
        currency -> Text,
        status -> Text,
        state -> Text,
        version -> BigInt,
        created_at -> Text,
        updated_at -> Text,
        asked_by -> Nullable<Text>,
        key_owner -> Nullable<Text>,
        key -> Nullable<Text>,
        request_hash -> Nullable<Binary>,
        counted_day -> Nullable<Text>,
    }
}

diesel::table! {
    refund_events (refund_id, version) {
        refund_id -> BigInt,
        version -> BigInt,
        from_status -> Nullable<Text>,
        to_status -> Text,
        actor -> Text,
        at -> Text,
    }
}

diesel::table! {
    refund_days (actor, day, currency) {
        actor -> Text,
        day -> Text,
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
        amount -> Text,
        currency -> Text,
        taxes -> Text,
        issued_at -> Text,
    }
}

diesel::table! {
    external_refunds (order_id, refund) {
        order_id -> BigInt,
        refund -> Text,
        payment_id -> Nullable<BigInt>,
        capture -> Text,
        amount_minor -> BigInt,
        amount -> Text,
        currency -> Text,
        step -> Text,
        created_at -> Text,
        updated_at -> Text,
    }
}

diesel::table! {
    credit_accounts (user_id) {
        user_id -> BigInt,
        balance -> BigInt,
        updated_at -> Text,
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
        at -> Text,
    }
}

diesel::table! {
    alerts (id) {
        id -> BigInt,
        order_id -> BigInt,
        owed -> Nullable<BigInt>,
        alert -> Text,
        raised_at -> Text,
        cleared_at -> Nullable<Text>,
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
        at -> Text,
        recorded_at -> Text,
    }
}

diesel::table! {
    captures (gateway, account, mode, capture) {
        gateway -> Text,
        account -> Text,
        mode -> Text,
        capture -> Text,
        order_id -> BigInt,
        payment_id -> BigInt,
        attempt_id -> BigInt,
        currency -> Nullable<Text>,
        captured_minor -> BigInt,
        captured -> Text,
        refunded_minor -> BigInt,
        refunded -> Text,
        reserved_minor -> BigInt,
        reserved -> Text,
        disputed_minor -> BigInt,
        disputed -> Text,
        loss_minor -> BigInt,
        loss -> Text,
        created_at -> Text,
        updated_at -> Text,
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
        decided_at -> Text,
        released_at -> Nullable<Text>,
    }
}

diesel::table! {
    gateway_calls (key) {
        key -> Text,
        order_id -> BigInt,
        position -> BigInt,
        operation -> Text,
        subject_id -> BigInt,
        generation -> BigInt,
        path -> Text,
        body -> Text,
        good_until -> Text,
        dead_at -> Text,
        status -> Text,
        epoch -> BigInt,
        leased_until -> Nullable<Text>,
        unclear -> BigInt,
        fault -> Nullable<Text>,
        created_at -> Text,
        finished_at -> Nullable<Text>,
    }
}

diesel::table! {
    payment_reads (payment_id) {
        payment_id -> BigInt,
        read_at -> Text,
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
        created_at -> Text,
        kept_until -> Text,
    }
}

diesel::table! {
    outbox (aggregate, sequence) {
        aggregate -> Text,
        sequence -> BigInt,
        kind -> Text,
        created_at -> Text,
    }
}

diesel::table! {
    jobs (kind, subject_id) {
        kind -> Text,
        subject_id -> BigInt,
        due_at -> Text,
        done_at -> Nullable<Text>,
        tries -> BigInt,
        faults -> BigInt,
        epoch -> BigInt,
        leased_until -> Nullable<Text>,
        waits_for -> Nullable<Text>,
    }
}

diesel::table! {
    schedule (name) {
        name -> Text,
        due_at -> Text,
        began_at -> Nullable<Text>,
        ended_at -> Nullable<Text>,
        result -> Nullable<Text>,
        has_failed -> Bool,
        cursor -> Nullable<Text>,
        epoch -> BigInt,
        leased_until -> Nullable<Text>,
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
        received_at -> Text,
        status -> Text,
        tries -> BigInt,
        next_try_at -> Nullable<Text>,
        epoch -> BigInt,
        leased_until -> Nullable<Text>,
        fault -> Nullable<Text>,
        order_id -> Nullable<BigInt>,
        attempt_id -> Nullable<BigInt>,
        finished_at -> Nullable<Text>,
    }
}

diesel::joinable!(payments -> orders (order_id));
diesel::joinable!(inbox -> orders (order_id));
diesel::allow_tables_to_appear_in_same_query!(inbox, orders);
diesel::joinable!(idempotency_keys -> payments (payment_id));
diesel::allow_tables_to_appear_in_same_query!(orders, payments, idempotency_keys);
diesel::allow_tables_to_appear_in_same_query!(refunds, alerts);
