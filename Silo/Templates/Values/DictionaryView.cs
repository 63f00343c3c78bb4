namespace XLLM.Silo.Templates.Values;

/// <summary>What of a dict a view shows.</summary>
internal enum DictionaryView
{
    Keys,
    Values,
    Items,
}
