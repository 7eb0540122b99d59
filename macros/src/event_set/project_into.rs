//! How a set hands its events to projections.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::ast::EventSet;

/// ```ignore
/// impl<P: Projection + Project<OrderPlaced> + …> ProjectInto<P> for OrderEvent {
///     fn project_into<'a>(self, metadata: Metadata, projection: &'a P, transaction: &'a mut P::Transaction) -> … {
///         match self { Self::Placed(event) => project(event, metadata, projection, transaction), … }
///     }
/// }
/// ```
pub(super) fn expand(set: &EventSet<'_>) -> TokenStream {
    let krate = &set.krate;
    let variant = set.variants.iter().map(|variant| variant.ident);
    let event: Vec<_> = set.variants.iter().map(|variant| variant.event).collect();
    let arms = quote! {
        match self {
            #(Self::#variant(event) => #krate::__private::project::<_, #event>(event, metadata, projection, transaction),)*
        }
    };
    with(set, &quote!(#(+ #krate::Project<#event>)*), &quote!(metadata), &arms)
}

/// For every projection, whatever it handles.
pub(super) fn inert(set: &EventSet<'_>) -> TokenStream {
    with(set, &TokenStream::new(), &quote!(_), &quote!(::core::unreachable!()))
}

fn with(
    set: &EventSet<'_>,
    handles: &TokenStream,
    metadata: &TokenStream,
    body: &TokenStream,
) -> TokenStream {
    let (krate, ident) = (&set.krate, &set.original.ident);
    let projection = super::expand::parameter(set, super::expand::PROJECTION);
    let underscore = metadata.to_string() == "_";
    let [project, transaction] =
        if underscore { [quote!(_), quote!(_)] } else { [quote!(projection), quote!(transaction)] };
    quote_spanned! {ident.span()=>
        #[automatically_derived]
        impl<#projection: #krate::Projection #handles> #krate::ProjectInto<#projection> for #ident {
            fn project_into<'a>(
                self,
                #metadata: #krate::Metadata,
                #project: &'a #projection,
                #transaction: &'a mut <#projection as #krate::Projection>::Transaction,
            ) -> #krate::__private::Handling<'a> {
                #body
            }
        }
    }
}
