using System.Text.RegularExpressions;

namespace XLLM.Gateway.OpenAI;

/// <summary>What a session may be called: it is a grain key, part of a URL, and a row's key in storage.</summary>
internal static partial class SessionIds
{
    /// <summary>The rule, as a fault says it.</summary>
    public const string Rule = "must have 1 to 128 characters, each a letter A to Z, a digit, or one of . _ : -";

    /// <summary>Whether it can be one.</summary>
    public static bool IsValid(string id) => Pattern().IsMatch(id);

    [GeneratedRegex("^[A-Za-z0-9._:-]{1,128}\\z")]
    private static partial Regex Pattern();
}
