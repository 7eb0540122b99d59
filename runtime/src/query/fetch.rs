//! The answers to queries.

use futures_util::StreamExt;
use tracing::Instrument;

use super::{Query, QueryError};
use crate::read_model::{ReadModel, Row};
use crate::store::{BoxStream, Select};

/// How many rows a stream reads at a time.
const PAGE: u64 = 1_000;

impl<M: ReadModel> Query<M> {
    /// All rows that match, at once: bound them by [`limit`](Self::limit), or [`stream`](Self::stream) them.
    ///
    /// # Errors
    /// [`QueryError`] but `NotFound`.
    pub async fn fetch(self) -> Result<Vec<M>, QueryError> {
        let rows = self.rows(&self.select()).await?;
        rows.into_iter().map(read).collect()
    }

    /// The first row.
    ///
    /// # Errors
    /// [`QueryError::NotFound`] when there is none, and any other [`QueryError`].
    pub async fn fetch_one(self) -> Result<M, QueryError> {
        self.fetch_optional().await?.ok_or(QueryError::NotFound)
    }

    /// The first row, if there is one.
    ///
    /// # Errors
    /// [`QueryError`] but `NotFound`.
    pub async fn fetch_optional(self) -> Result<Option<M>, QueryError> {
        let mut select = self.select();
        select.limit = Some(select.limit.unwrap_or(1).min(1));
        self.rows(&select).await?.into_iter().next().map(read).transpose()
    }

    /// How many rows match the filter, whatever the order, the limit, the offset and the row to go on after.
    ///
    /// # Errors
    /// [`QueryError`] but `NotFound`.
    pub async fn count(self) -> Result<u64, QueryError> {
        let select = Select { filter: self.filter.clone(), ..Select::default() };
        self.whole()?;
        let asked = self.app.count::<M>(&select);
        asked.instrument(tracing::debug_span!("kenning.count", read_model = M::TABLE)).await
    }

    /// All rows that match, page by page: no more than 1,000 of them are held at a time, and no connection or lock between two pages, however long the reader takes.
    ///
    /// So the rows are not of one moment. A row is as it was when its page was read. Each row that is there and matches all the time is delivered exactly once, as long as its place in
    /// the order stays; one that comes, goes or moves meanwhile may be delivered or not, and one that moves forward may be delivered twice. Ordered by the key alone,
    /// as it is when no order is given, no row moves. The stream ends after an error.
    pub fn stream(self) -> BoxStream<'static, Result<M, QueryError>> {
        async_stream::try_stream! {
            let mut select = self.select();
            let mut left = self.limit.unwrap_or(u64::MAX);
            while left > 0 {
                let most = left.min(PAGE);
                select.limit = Some(most);
                let rows = self.rows(&select).await?;
                let found = rows.len() as u64;
                if let Some(last) = rows.last() {
                    select.after = Some(self.place_of(last));
                    select.offset = 0;
                }
                for row in rows {
                    yield read(row)?;
                }
                if found < most {
                    break;
                }
                left -= found;
            }
        }
        .boxed()
    }

    async fn rows(&self, select: &Select) -> Result<Vec<Row>, QueryError> {
        self.whole()?;
        let asked = self.app.select::<M>(select);
        asked.instrument(tracing::debug_span!("kenning.query", read_model = M::TABLE)).await
    }

    /// Whether columns can hold all values of the query.
    fn whole(&self) -> Result<(), QueryError> {
        self.mistake.as_ref().map_or(Ok(()), |mistake| Err(QueryError::Value(mistake.clone())))
    }
}

fn read<M: ReadModel>(row: Row) -> Result<M, QueryError> {
    M::from_row(row).map_err(QueryError::Column)
}
