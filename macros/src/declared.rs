//! Types that lack a derive. The compiler reports each use of such a type. Here it is reported
//! once, and the type gets impls that stand in for the derive.
//!
//! What a type derives is read from the file that is being compiled. What is not certain is left to
//! the compiler: a type of another module, an attribute or a derive that is not known, an impl that
//! may be written by hand or by a macro. In an editor, and in a program without mistakes, nothing
//! is said.

mod blocks;
mod broken;
mod elsewhere;
mod file;
mod lacking;
mod member;
mod scalar;
mod threads;
mod tree;
mod wants;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::{Attribute, Data, DeriveInput, Fields, Type, Visibility, parse_quote};

pub(crate) use self::blocks::twice;
pub(crate) use self::broken::veiled;
use self::file::{File, Found};
use self::lacking::derives;
pub(crate) use self::lacking::{Lacking, STORED};
pub(crate) use self::scalar::is_no_id;
pub(crate) use self::wants::{of_block, of_item};
use crate::ctxt::Ctxt;
use crate::krate::Krate;
use crate::symbol::KENNING;
use crate::{aggregate, command, derive, event, event_set, read_model, saga, schema};

static FILES: LazyLock<Mutex<HashMap<PathBuf, Option<Arc<File>>>>> = LazyLock::new(Mutex::default);
static TOLD: LazyLock<Mutex<HashSet<(PathBuf, usize, Lacking)>>> = LazyLock::new(Mutex::default);

/// The file of the tokens. It is read once.
fn file(span: proc_macro::Span) -> Option<(PathBuf, Arc<File>)> {
    let path = span.local_file()?;
    let mut files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    let read = || fs::read_to_string(&path).ok().map(|text| Arc::new(File::new(text)));
    let file = files.entry(path.clone()).or_insert_with(read).clone()?;
    Some((path, file))
}

/// A type as it is declared.
struct Declared {
    path: PathBuf,
    file: Arc<File>,
    found: Vec<Found>,
}

/// How the type of this name is declared, as seen from there.
fn look_up(ident: &Ident) -> Option<Declared> {
    if !proc_macro::is_available() {
        return None;
    }
    let span = ident.span().unwrap();
    let (path, file) = file(span)?;
    let name = ident.to_string();
    if !file.mentions(&name) {
        return None;
    }
    let place = file.place(span.line(), span.column())?;
    // Tokens of a macro are somewhere else.
    if !file.text.get(place..)?.starts_with(&name) {
        return None;
    }
    look_up_at(&path, &file, &name, place)
}

/// The same, as seen from a place in a file.
fn look_up_at(path: &Path, file: &Arc<File>, name: &str, place: usize) -> Option<Declared> {
    let found = file.declared(name, place);
    (!found.is_empty()).then(|| Declared { path: path.to_path_buf(), file: Arc::clone(file), found })
}

/// The error, if the type cannot be the id of what is named. Of a type that is declared here, once.
fn unfit(ty: &Type, owner: &Ident) -> Option<TokenStream> {
    if !is_no_id(ty) {
        return None;
    }
    if let Some(ident) = crate::signature::last_name(ty)
        && !tell(ident, Lacking::Id)
    {
        return None;
    }
    let ty_text = crate::text::text(ty);
    let why = if scalar::is_float_id(ty) {
        "a floating-point number need not equal itself"
    } else {
        "an id is one string or one number"
    };
    let message = format!(
        "`{ty_text}` cannot tell one `{owner}` from another: {why}\nhelp: use a `Uuid`, a `String`, an integer, or a newtype of one, as in `struct {owner}Id(u64)`"
    );
    Some(syn::Error::new_spanned(ty, message).into_compile_error())
}

impl Declared {
    /// What every declaration of the type lacks.
    fn lacks(&self, wanted: &[Lacking]) -> Option<Vec<Lacking>> {
        let mut lacks: Vec<Lacking> = wanted.to_vec();
        let events = wanted.contains(&Lacking::Event);
        let described = wanted.iter().any(|wanted| matches!(wanted, Lacking::Event | Lacking::Saga));
        for found in &self.found {
            let set = events && !matches!(found.item.data, Data::Struct(_));
            if set || !found.item.generics.params.is_empty() {
                return None;
            }
            let derived = derives(&found.item.attrs)?;
            // An event has its schema by its derive, and so have sagas.
            // A schema replaces these as well.
            if described && derived.contains(&Lacking::Schema) {
                return None;
            }
            let schema = derived.iter().any(|has| matches!(has, Lacking::Event | Lacking::Saga));
            lacks.retain(|lacking| !(derived.contains(lacking) || schema && *lacking == Lacking::Schema));
        }
        Some(lacks)
    }
}

/// What the type derives, if that is certain.
pub(crate) fn derived(ident: &Ident) -> Option<Vec<Lacking>> {
    look_up(ident)?.found.iter().try_fold(Vec::new(), |mut all, found| {
        all.extend(derives(&found.item.attrs)?);
        Some(all)
    })
}

/// The error and the impls, if the type lacks some of what is wanted and was not reported yet.
fn supply(ident: &Ident, at: &dyn ToTokens, wanted: &[Lacking]) -> Option<TokenStream> {
    let declared = look_up(ident)?;
    let mut lacks = declared.lacks(wanted)?;
    if lacks.is_empty() {
        return None;
    }
    let beside: Vec<Lacking> = lacks.iter().flat_map(|lacking| lacking.beside()).copied().collect();
    lacks.extend(declared.lacks(&beside)?);
    lacks.sort_unstable();
    lacks.dedup();
    let found = declared.found.first()?;
    let name = ident.to_string();
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    lacks.retain(|lacking| !told.contains(&(declared.path.clone(), found.place, *lacking)));
    // These are often written by hand, each by itself.
    lacks.retain(|lacking| {
        let by_hand = |lacking: Lacking| elsewhere::implemented(&declared.path, &name, &[lacking.name()]);
        !lacking.of_the_language() || !by_hand(*lacking)
    });
    if lacks.contains(&Lacking::Clone) && can_be_copied(&found.item) {
        let known = derives(&found.item.attrs).is_some_and(|derived| derived.contains(&Lacking::Copy));
        if !known && !lacks.contains(&Lacking::Copy) {
            lacks.insert(1, Lacking::Copy);
        }
    }
    let names: Vec<&str> = lacks.iter().map(|lacking| lacking.name()).collect();
    if lacks.is_empty() || elsewhere::implemented(&declared.path, &name, &names) {
        return None;
    }
    told.extend(lacks.iter().map(|lacking| (declared.path.clone(), found.place, *lacking)));
    let line = declared.file.line(found.place);
    let error = syn::Error::new_spanned(at.to_token_stream(), message(&found.item, &lacks, line));
    Some(stand_in(&found.item, &lacks, error))
}

/// The error and the impls, if other threads cannot see the type. `item` is the type where the macro has it.
fn share(ident: &Ident, item: Option<&DeriveInput>, event: bool) -> Option<TokenStream> {
    let declared = look_up(ident)?;
    let found = declared.found.first().filter(|_| declared.found.len() == 1)?;
    let unshared = threads::unshared(item.unwrap_or(&found.item), &declared.file.text)?;
    let name = ident.to_string();
    if !found.item.generics.params.is_empty()
        || elsewhere::implemented(&declared.path, &name, &["Send", "Sync"])
    {
        return None;
    }
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    if !told.insert((declared.path.clone(), found.place, Lacking::Threads)) {
        return None;
    }
    let better = if event && unshared.name == "Rc" { "Box" } else { unshared.better };
    let at = if item.is_some() { unshared.ty.to_token_stream() } else { ident.to_token_stream() };
    let message = format!(
        "`{name}` cannot be shared between threads: it holds {} `{}`\nhelp: write `{}` in place of `{}` in `{name}`, in line {}",
        if unshared.name == "Rc" { "an" } else { "a" },
        unshared.name,
        better,
        unshared.name,
        declared.file.line(found.place)
    );
    let error = syn::Error::new_spanned(at, message).into_compile_error();
    Some(quote! {
        #error
        #[automatically_derived]
        unsafe impl ::core::marker::Send for #ident {}
        #[automatically_derived]
        unsafe impl ::core::marker::Sync for #ident {}
    })
}

/// Whether the type is of this module, and public.
fn is_public(ident: &Ident) -> bool {
    let Some(declared) = look_up(ident) else { return false };
    declared.found.iter().all(|found| matches!(found.item.vis, Visibility::Public(_)))
}

/// The error, if the type is of this module and not public, while the owner is. Where it is
/// reported the compiler does not come to look at that.
fn expose(ident: &Ident, owner: &Ident) -> Option<TokenStream> {
    let declared = look_up(ident)?;
    let found = declared.found.first()?;
    if declared.found.iter().any(|found| matches!(found.item.vis, Visibility::Public(_))) {
        return None;
    }
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    if !told.insert((declared.path.clone(), found.place, Lacking::Public)) {
        return None;
    }
    let kind = if matches!(found.item.data, Data::Enum(_)) { "enum" } else { "struct" };
    let instead = match &found.item.vis {
        Visibility::Inherited => String::new(),
        vis => format!(" in place of `{}`", crate::text::text(vis)),
    };
    let message = format!(
        "`{ident}` is private, and `{owner}`, which is public, shows it\nhelp: write `pub {kind} {ident}`{instead}, in line {}",
        declared.file.line(found.place)
    );
    Some(syn::Error::new_spanned(ident, message).into_compile_error())
}

/// Whether the type is a set of events.
pub(crate) fn is_set(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    let derived = path.path.get_ident().and_then(derived);
    derived.is_some_and(|has| has.contains(&Lacking::EventSet) && !has.contains(&Lacking::Event))
}

/// Whether the type has the derive, and is no struct with named fields, which the derive reports.
pub(crate) fn is_misshapen(ty: &Type, derive: Lacking) -> bool {
    let Type::Path(path) = ty else { return false };
    let Some(declared) = path.path.get_ident().and_then(look_up) else { return false };
    declared.found.iter().all(|found| {
        let named = matches!(&found.item.data, Data::Struct(data) if matches!(data.fields, Fields::Named(_)));
        !named && derives(&found.item.attrs).is_some_and(|derived| derived.contains(&derive))
    })
}

/// Whether the type is a name that stands for a `Result`.
pub(crate) fn is_alias_of_result(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    let Some(ident) = path.path.get_ident().filter(|_| proc_macro::is_available()) else { return false };
    let Some((_, file)) = file(ident.span().unwrap()) else { return false };
    let declaration = format!("type {ident} ");
    let aliases = file.text.match_indices(&declaration);
    let mut aliases = aliases.filter_map(|(at, _)| file.text.get(at..)?.split(';').next());
    aliases.any(|alias| alias.contains("Result<"))
}

/// Whether the type is a struct or an enum of this module.
pub(crate) fn is_struct_or_enum(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    path.path.get_ident().is_some_and(|ident| look_up(ident).is_some())
}

/// The events that are declared beside the type.
pub(crate) fn events_beside(ident: &Ident) -> Vec<Ident> {
    let Some(declared) = look_up(ident) else { return Vec::new() };
    let Some(found) = declared.found.first() else { return Vec::new() };
    let is_event =
        |item: &DeriveInput| derives(&item.attrs).is_some_and(|derived| derived.contains(&Lacking::Event));
    let beside = declared.file.beside(found.place).into_iter();
    beside.filter(|item| is_event(item) && item.generics.params.is_empty()).map(|item| item.ident).collect()
}

/// Notes that the type was reported. `false` if it was already.
pub(crate) fn tell(ident: &Ident, lacking: Lacking) -> bool {
    let Some(declared) = look_up(ident) else { return true };
    let Some(found) = declared.found.first() else { return true };
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    told.insert((declared.path, found.place, lacking))
}

fn message(item: &DeriveInput, lacks: &[Lacking], line: usize) -> String {
    let ident = &item.ident;
    let names: Vec<&str> = lacks.iter().map(|lacking| lacking.name()).collect();
    let derive = format!("#[derive({})]", names.join(", "));
    let role = lacks.iter().find_map(|lacking| lacking.role());
    let attr = match role {
        Some((_, keys))
            if !keys.is_empty() && !item.attrs.iter().any(|attr| attr.path().is_ident(KENNING)) =>
        {
            format!(" and `#[kenning({keys})]`")
        }
        _ => String::new(),
    };
    let has = derives(&item.attrs).unwrap_or_default();
    let other = has.iter().find_map(|has| Some((has.role()?.0, has)));
    if let (Some((role, _)), Some((other, _))) = (role, other)
        && let Some(meant) = lacks.iter().find(|lacking| lacking.role().is_some())
    {
        let help = match meant {
            Lacking::EventSet => {
                format!(
                    "write an enum with `#[derive(EventSet)]` and a variant for it, as in `Placed({ident})`"
                )
            }
            meant => format!("write a type with `#[derive({})]` here", meant.name()),
        };
        return format!("`{ident}` is {other}, not {role}\nhelp: {help}");
    }
    let what = match role {
        Some((role, _)) => format!("`{ident}` is not {role}"),
        None if *lacks == [Lacking::Default] => {
            format!("`{ident}` has no `Default`, which is the state of an aggregate before its first event")
        }
        None if lacks.iter().all(|lacking| lacking.of_the_language()) => {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            format!("`{ident}` has no {}, which the type around it derives", names.join(", no "))
        }
        None => {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            format!("`{ident}` cannot be stored: it has no {}", names.join(", no "))
        }
    };
    format!("{what}\nhelp: write `{derive}`{attr} on `{ident}`, in line {line}")
}

/// Whether it holds nothing but a number or the like.
fn can_be_copied(item: &DeriveInput) -> bool {
    const COPIED: &[&str] =
        &["bool", "char", "i8", "i16", "i32", "i64", "i128", "u8", "u16", "u32", "u64", "u128", "Uuid"];
    let Data::Struct(data) = &item.data else { return false };
    data.fields.iter().all(|field| {
        let name = crate::signature::last_name(&field.ty);
        name.is_some_and(|name| COPIED.contains(&name.to_string().as_str()))
    })
}

/// The error, and impls of what the type lacks.
pub(crate) fn stand_in(item: &DeriveInput, lacks: &[Lacking], error: syn::Error) -> TokenStream {
    let krate = Krate::default();
    let mut item = item.clone();
    let role = lacks.iter().copied().find(|lacking| lacking.role().is_some());
    if let Some(attr) = role.and_then(|role| assumed(&krate, &item, role)) {
        item.attrs.push(attr);
    }
    let cx = || Ctxt::only(error.clone());
    let mut all = match role {
        Some(Lacking::Aggregate) => aggregate::derive(cx(), &item),
        Some(Lacking::Command) => command::derive(cx(), &item),
        Some(Lacking::Event) => event::derive(cx(), &item),
        Some(Lacking::EventSet) => event_set::derive(cx(), &item),
        Some(Lacking::ReadModel) => read_model::derive(cx(), &item),
        Some(Lacking::Saga) => saga::derive(cx(), &item),
        _ => error.to_compile_error(),
    };
    let schema = matches!(role, Some(Lacking::Event | Lacking::Saga));
    for lacking in lacks {
        all.extend(match lacking {
            Lacking::Serialize => derive::serialize(&item),
            Lacking::Deserialize => derive::deserialize(&item),
            Lacking::Schema if !schema => schema::inert(&krate, &item),
            Lacking::Default => derive::default(&item),
            lacking if lacking.of_the_language() => derive::of_the_language(&item, lacking.name()),
            _ => TokenStream::new(),
        });
    }
    all
}

/// The attribute that is missing besides. Its types are not known: what depends on them is no
/// mistake as well.
fn assumed(krate: &Krate, item: &DeriveInput, role: Lacking) -> Option<Attribute> {
    if item.attrs.iter().any(|attr| attr.path().is_ident(KENNING)) {
        return None;
    }
    let unknown = krate.unknown();
    match role {
        Lacking::Aggregate => Some(parse_quote!(#[kenning(id = #unknown, events = #unknown)])),
        Lacking::Command => Some(parse_quote!(#[kenning(aggregate = #unknown)])),
        Lacking::ReadModel => Some(parse_quote!(#[kenning(events = #unknown)])),
        Lacking::Saga => {
            let Data::Struct(data) = &item.data else { return None };
            let id = data.fields.iter().find_map(|field| field.ident.as_ref())?;
            Some(parse_quote!(#[kenning(id = #id)]))
        }
        _ => None,
    }
}
