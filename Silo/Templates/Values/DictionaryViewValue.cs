using XLLM.Silo.Templates.Evaluation;

namespace XLLM.Silo.Templates.Values;

/// <summary><c>d.keys()</c>, <c>d.values()</c>, <c>d.items()</c>: iterable many times, without index.</summary>
internal sealed class DictionaryViewValue(DictionaryValue dictionary, DictionaryView view) : Value
{
    public override string TypeName => view switch
    {
        DictionaryView.Keys => "dict_keys",
        DictionaryView.Values => "dict_values",
        _ => "dict_items",
    };

    public override bool IsTrue => dictionary.IsTrue;

    public override bool IsIterable => true;

    public override bool IsReversible => true;

    public override bool IsHashable => view == DictionaryView.Values;

    /// <summary>Whether it is compared as a set.</summary>
    public bool IsSet => view != DictionaryView.Values;

    public override bool TryGetLength(out int length) => dictionary.TryGetLength(out length);

    public override IEnumerator<Value> Iterate(RenderContext context) => Show(dictionary.Items).GetEnumerator();

    public override IEnumerator<Value> IterateReversed(RenderContext context) => Show(dictionary.Items.Reverse()).GetEnumerator();

    public override bool Contains(RenderContext context, Value item) => view switch
    {
        DictionaryView.Keys => dictionary.Contains(context, item),
        DictionaryView.Items => item is TupleValue { Items: [var key, var value] } && dictionary.Find(key) is { } found && Comparisons.AreEqual(context, found, value),
        _ => base.Contains(context, item),
    };

    public override void WriteRepresentation(TextBuilder builder)
    {
        builder.Append(TypeName);
        builder.Append('(');
        new ListValue([.. Show(dictionary.Items)]).WriteRepresentation(builder);
        builder.Append(')');
    }

    private IEnumerable<Value> Show(IEnumerable<KeyValuePair<Value, Value>> items) => view switch
    {
        DictionaryView.Keys => items.Select(item => item.Key),
        DictionaryView.Values => items.Select(item => item.Value),
        _ => items.Select(item => new TupleValue([item.Key, item.Value])),
    };
}
