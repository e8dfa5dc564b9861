//! Statements that are too much for the query builder.

/// Declares a statement in SQL that is prepared once on a connection, unlike one of `diesel::sql_query`,
/// which the server would plan anew each time.
///
/// What follows the fields is its text: literals, with fields between them where their values go.
/// It is safe to share plans between values because the text is the same for all of them.
macro_rules! statement {
    (
        $(#[$meta:meta])*
        struct $name:ident $(<$life:lifetime>)? {
            $( $(#[$about:meta])* $field:ident: $kind:ty as $sql:ty, )*
        }
        $($part:tt)+
    ) => {
        $(#[$meta])*
        #[derive(Clone, diesel::query_builder::QueryId)]
        struct $name $(<$life>)? {
            $( $(#[$about])* $field: $kind, )*
        }

        impl $(<$life>)? diesel::query_builder::Query for $name $(<$life>)? {
            type SqlType = diesel::sql_types::Untyped;
        }

        impl $(<$life>)? diesel::query_builder::QueryFragment<diesel::pg::Pg> for $name $(<$life>)? {
            fn walk_ast<'b>(
                &'b self,
                mut out: diesel::query_builder::AstPass<'_, 'b, diesel::pg::Pg>,
            ) -> diesel::QueryResult<()> {
                $( let $field = $crate::statement::Bound::<$sql, _>::new(&self.$field); )*
                $( $crate::statement::push!(out, $part); )+
                Ok(())
            }
        }
    };
}

macro_rules! push {
    ($out:ident, $sql:literal) => {
        $out.push_sql($sql)
    };
    ($out:ident, $field:ident) => {
        $field.push(&mut $out)?
    };
}

pub(crate) use {push, statement};

use std::marker::PhantomData;
use std::time::Duration;

use bayar_app::port::store::Answer;
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::pg::data_types::PgInterval;
use diesel::query_builder::AstPass;
use diesel::serialize::ToSql;
use diesel::sql_types::HasSqlType;

use crate::error::broken;

/// A value with the type it has in the database.
pub(crate) struct Bound<'b, ST, T> {
    value: &'b T,
    kind: PhantomData<ST>,
}

impl<'b, ST, T> Bound<'b, ST, T>
where
    Pg: HasSqlType<ST>,
    T: ToSql<ST, Pg>,
{
    pub(crate) fn new(value: &'b T) -> Self {
        Self {
            value,
            kind: PhantomData,
        }
    }

    pub(crate) fn push(&self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_bind_param::<ST, T>(self.value)
    }
}

/// A time as the server adds it to another.
pub(crate) fn interval(time: Duration) -> Answer<PgInterval> {
    let microseconds = i64::try_from(time.as_micros()).map_err(broken)?;
    Ok(PgInterval::from_microseconds(microseconds))
}
