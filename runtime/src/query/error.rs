//! Why a query has no answer.

use crate::read_model::ColumnError;
use crate::store::StoreError;

/// Why a query has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The store failed. Answer 503 when it [is retryable](StoreError::is_retryable) or closed, else 500.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A row that is stored cannot be read as the read model: a field's type was changed and the version was not raised. Answer 500; raise `version` and the table is built anew.
    #[error("a row of the read model cannot be read")]
    Column(#[source] ColumnError),
    /// No column can hold a value of the query, as a text with a NUL in it, or no text matches its pattern, as one that ends within an escape. Answer 400 when
    /// it came from the caller.
    #[error("the query asks for what no row can have")]
    Value(#[source] ColumnError),
    /// There is no such row, though one was asked for. Answer 404.
    #[error("there is no such row")]
    NotFound,
    /// The application does not run the read model. Answer 500; call `read_model::<…>()` on its builder.
    #[error("the read model {read_model} is not registered: call `read_model` on the application's builder")]
    NotRegistered {
        /// The type of the read model.
        read_model: &'static str,
    },
}
