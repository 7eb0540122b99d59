use std::io::{BufReader, Read};

use kenning::MemoryStore;

use super::*;

const TWO_ORDERS: &str = "order_id,customer_id,placed_at,product_id,quantity,amount
1,10,2026-03-02T08:00:00Z,7,1,1.00
2,10,2026-03-02T08:00:00Z,7,1,2.00
";

async fn shop() -> Kenning {
    Kenning::builder(MemoryStore::new()).aggregate::<Order>().build().await.unwrap()
}

/// A disk that fails for ever.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the disk is gone"))
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_read_any_further_ends_the_import_after_what_it_had() {
    let app = shop().await;
    let file = OrdersFile::open(BufReader::new(TWO_ORDERS.as_bytes().chain(Broken))).unwrap();
    let end = import(&app, file, 64, |_, _| {}).await.unwrap();
    assert!(matches!(end, End::File(FileError::Io(_))), "{end:?}");
    assert_eq!(app.load::<Order>(OrderId(1)).await.unwrap().total(), Cents(100));
    assert!(!app.load::<Order>(OrderId(2)).await.unwrap().exists(), "more lines of it might have come");
}

#[tokio::test]
async fn a_store_that_does_not_go_on_ends_the_import_and_no_order_is_counted() {
    let app = shop().await;
    app.close().await;
    let file = OrdersFile::open(TWO_ORDERS.as_bytes()).unwrap();
    let mut steps = 0;
    let end = import(&app, file, 1, |_, _| steps += 1).await.unwrap();
    assert!(matches!(&end, End::Store(error) if error.to_string() == "the application is closed"), "{end:?}");
    assert_eq!(steps, 0);
}

#[tokio::test]
async fn a_reader_that_panics_is_no_end_of_the_file() {
    struct Panics;
    impl Read for Panics {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            panic!("on purpose")
        }
    }
    let app = shop().await;
    let file = OrdersFile::open(BufReader::new(TWO_ORDERS.as_bytes().chain(Panics))).unwrap();
    let error = import(&app, file, 64, |_, _| {}).await.unwrap_err();
    assert_eq!(error.to_string(), "the thread that reads the file panicked");
}
