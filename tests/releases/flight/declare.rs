//! What sagas of both releases are made of.

use kenning::prelude::*;

/// What `pack` returns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Packed {
    pub shelf: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct PackedWithNote {
    pub shelf: u64,
    pub note: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct PackedRenamed {
    pub place: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct PackedEmpty {}

/// The command of another name.
#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "label.made")]
pub struct Labelled {}

#[derive(Clone, Debug, EventSet)]
pub enum LabelEvent {
    Labelled(Labelled),
}

#[derive(Debug, Default, Aggregate)]
#[kenning(category = "label", id = u64, events = LabelEvent)]
pub struct Label {
    pub times: u64,
}

/// Commands of `Label`: the first with a field more in a later release.
macro_rules! label {
    ($name:ident as $persisted:literal $(, $field:ident: $ty:ty)?) => {
        #[derive(Clone, Debug, Serialize, Deserialize, Command)]
        #[kenning(aggregate = Label, name = $persisted)]
        pub struct $name {
            #[kenning(id)]
            pub id: u64,
            $(pub $field: $ty,)?
        }
    };
}

label!(MakeLabel as "label");
label!(MakeLabelNoted as "label", note: Option<String>);
label!(MakeLabelSized as "label", size: u64);
label!(MakeLabelWide as "label", width: u64);
label!(Print as "print");

#[aggregate]
impl Label {
    #[command]
    fn make(&self, _: MakeLabel) -> Labelled {
        Labelled {}
    }

    #[command]
    fn make_noted(&self, _: MakeLabelNoted) -> Labelled {
        Labelled {}
    }

    #[command]
    fn make_sized(&self, _: MakeLabelSized) -> Labelled {
        Labelled {}
    }

    #[command]
    fn make_wide(&self, _: MakeLabelWide) -> Labelled {
        Labelled {}
    }

    #[command]
    fn print(&self, _: Print) -> Labelled {
        Labelled {}
    }

    #[apply]
    fn labelled(&mut self, _: &Labelled) {
        self.times += 1;
    }
}

pub fn of<E>(event: &Recorded<E>) -> Correlated<String, ()> {
    Correlated::to(event.stream().id().to_owned(), ())
}

pub fn number(id: &str) -> u64 {
    id.parse().unwrap_or_default()
}

/// A definition of a saga in a module of its own: its persisted name, its version, its fields beside `id` with the values of new
/// instances, the migration from the older release, and its functions. Those that most have are written by their names.
macro_rules! definition {
    // What the base has.
    ($module:ident $persisted:literal v $version:literal { $($fields:tt)* } $(from base { $($migrated:tt)* })? [$($done:tt)*] start; $($rest:tt)*) => {
        definition!($module $persisted v $version { $($fields)* } $(from base { $($migrated)* })? [$($done)*
            #[start]
            fn opened(event: &Recorded<Opened>) -> Self {
                Self::new(event.stream().id())
            }
        ] $($rest)*);
    };
    ($module:ident $persisted:literal v $version:literal { $($fields:tt)* } $(from base { $($migrated:tt)* })? [$($done:tt)*] pack; $($rest:tt)*) => {
        definition!($module $persisted v $version { $($fields)* } $(from base { $($migrated)* })? [$($done)*
            #[step(irreversible = "a note")]
            async fn pack(&self, cx: &StepContext<Outside>) -> Result<Packed, StepError> {
                cx.services().call(cx, "pack");
                Ok(Packed { shelf: 7 })
            }
        ] $($rest)*);
    };
    ($module:ident $persisted:literal v $version:literal { $($fields:tt)* } $(from base { $($migrated:tt)* })? [$($done:tt)*] paid; $($rest:tt)*) => {
        definition!($module $persisted v $version { $($fields)* } $(from base { $($migrated)* })? [$($done)*
            #[wait(timeout = "24h", on_timeout = fail)]
            fn paid(event: &Recorded<Paid>) -> Correlated<String, ()> {
                of(event)
            }
        ] $($rest)*);
    };
    ($module:ident $persisted:literal v $version:literal { $($fields:tt)* } $(from base { $($migrated:tt)* })? [$($done:tt)*] ship; $($rest:tt)*) => {
        definition!($module $persisted v $version { $($fields)* } $(from base { $($migrated)* })? [$($done)*
            #[step(irreversible = "a note")]
            async fn ship(&self, cx: &StepContext<Outside>) -> Result<u64, StepError> {
                cx.services().call(cx, "ship");
                Ok(1)
            }
        ] $($rest)*);
    };
    // A step that was not there, before or after the others.
    ($module:ident $persisted:literal v $version:literal { $($fields:tt)* } $(from base { $($migrated:tt)* })? [$($done:tt)*] step $step:ident; $($rest:tt)*) => {
        definition!($module $persisted v $version { $($fields)* } $(from base { $($migrated)* })? [$($done)*
            #[step(irreversible = "a note")]
            async fn $step(&self, cx: &StepContext<Outside>) -> Result<u64, StepError> {
                cx.services().call(cx, stringify!($step));
                Ok(1)
            }
        ] $($rest)*);
    };
    ($module:ident $persisted:literal v $version:literal { $($fields:tt)* } $(from base { $($migrated:tt)* })? [$($done:tt)*] received; $($rest:tt)*) => {
        definition!($module $persisted v $version { $($fields)* } $(from base { $($migrated)* })? [$($done)*
            #[wait(timeout = "24h", on_timeout = fail)]
            fn received(event: &Recorded<Received>) -> Correlated<String, ()> {
                of(event)
            }
        ] $($rest)*);
    };
    // What it sends between the payment and the end.
    ($module:ident $persisted:literal v $version:literal { $($fields:tt)* } $(from base { $($migrated:tt)* })? [$($done:tt)*] label $command:ident { $($field:ident: $value:expr)? }; $($rest:tt)*) => {
        definition!($module $persisted v $version { $($fields)* } $(from base { $($migrated)* })? [$($done)*
            #[send(irreversible = "a label")]
            fn label(&self) -> $command {
                $command { id: number(&self.id), $($field: $value)? }
            }
        ] $($rest)*);
    };
    // Any other function.
    ($module:ident $persisted:literal v $version:literal { $($fields:tt)* } $(from base { $($migrated:tt)* })? [$($done:tt)*] { $($item:tt)* } $($rest:tt)*) => {
        definition!($module $persisted v $version { $($fields)* } $(from base { $($migrated)* })? [$($done)* $($item)*] $($rest)*);
    };
    ($module:ident $persisted:literal v $version:literal { $($field:ident: $ty:ty = $value:expr),* } $(from base { $($migrated:tt)* })? [$($done:tt)*]) => {
        pub mod $module {
            use super::*;

            definition!(@data $persisted $version { $($field: $ty = $value),* } $(from base { $($migrated)* })?);

            impl Delivery {
                #[allow(dead_code, reason = "some are started in another way")]
                fn new(id: &str) -> Self {
                    Self { id: id.to_owned(), $($field: $value),* }
                }
            }

            #[saga(services = Outside)]
            impl Delivery {
                $($done)*
            }
        }
    };
    (@data $persisted:literal $version:literal { $($field:ident: $ty:ty = $value:expr),* }) => {
        #[derive(Clone, Debug, Serialize, Deserialize, Saga)]
        #[kenning(name = $persisted, version = $version, id = id)]
        pub struct Delivery {
            pub id: String,
            $(pub $field: $ty,)*
        }
    };
    (@data $persisted:literal $version:literal { $($field:ident: $ty:ty = $value:expr),* } from base { $($migrated:tt)* }) => {
        #[derive(Clone, Debug, Serialize, Deserialize, Saga)]
        #[kenning(name = $persisted, version = $version, id = id, migrate(from_base))]
        pub struct Delivery {
            pub id: String,
            $(pub $field: $ty,)*
        }

        fn from_base(old: &InFlight) -> Result<Migrated<Delivery>, StepError> {
            let id = old.state["id"].as_str().ok_or_else(|| StepError::fail("it has no id"))?;
            let migrated: fn(&InFlight, Migrated<Delivery>) -> Result<Migrated<Delivery>, StepError> = $($migrated)*;
            migrated(old, Migrated::new(Delivery::new(id)))
        }
    };
}

/// A row for each change: the module, the persisted name of the saga, the change, what becomes of instances when the newer release
/// runs and when it is rolled back, what every instance has done in the end, and the two definitions. The older one is the base where
/// it is left out.
macro_rules! rows {
    ($($module:ident $persisted:literal $change:literal, $forward:expr, $back:expr, $always:tt {
        $(older v $old:literal { $($oldfields:tt)* } { $($oldbody:tt)* })?
        newer v $new:literal { $($fields:tt)* } $(from base { $($migrated:tt)* })? { $($body:tt)* }
    })*) => {
        $(pub mod $module {
            use super::*;

            older!($persisted $(v $old { $($oldfields)* } { $($oldbody)* })?);
            definition!(newer $persisted v $new { $($fields)* } $(from base { $($migrated)* })? [] $($body)*);
        })*

        pub const ROWS: &[Row] = &[
            $(Row { saga: $persisted, change: $change, forward: $forward, back: $back, always: &$always },)*
        ];

        /// Registers the sagas of one of the releases.
        pub fn with<S: SagaStore>(newer: bool, mut builder: Builder<S>, outside: &Outside) -> Builder<S> {
            $(builder = match newer {
                false => builder.saga::<$module::older::Delivery>(outside.clone()),
                true => builder.saga::<$module::newer::Delivery>(outside.clone()),
            };)*
            builder
        }

        /// The catalog of one of the releases with one of the sagas.
        pub fn catalog(newer: bool, saga: &str) -> Catalog {
            let catalog = Catalog::new().aggregate::<Parcel>().aggregate::<Pick>().aggregate::<Label>();
            match (saga, newer) {
                $(($persisted, false) => catalog.saga::<$module::older::Delivery>(),
                ($persisted, true) => catalog.saga::<$module::newer::Delivery>(),)*
                _ => catalog,
            }
        }
    };
}

macro_rules! older {
    ($persisted:literal) => {
        definition!(older $persisted v 1 {} [] start; pack; paid; ship;);
    };
    ($persisted:literal v $version:literal { $($fields:tt)* } { $($body:tt)* }) => {
        definition!(older $persisted v $version { $($fields)* } [] $($body)*);
    };
}
