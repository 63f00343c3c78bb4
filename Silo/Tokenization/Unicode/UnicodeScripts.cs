namespace XLLM.Silo.Tokenization.Unicode;

/// <summary>Which code points belong to a script (<c>\p{Han}</c>). Only the scripts that pre-tokenizer patterns are known to name are kept.</summary>
internal static class UnicodeScripts
{
    private static readonly Lazy<Dictionary<string, (int From, int To)[]>> Scripts = new(
        () => UnicodeResource.Lines("scripts.txt").ToDictionary(
            fields => fields[0],
            fields => fields.Skip(1).Select(UnicodeResource.Range).ToArray(),
            StringComparer.OrdinalIgnoreCase));

    /// <summary>The script's ranges in ascending order, or null for a script that is not kept. Case does not matter.</summary>
    public static (int From, int To)[]? TryFind(string script) => Scripts.Value.GetValueOrDefault(script);
}
