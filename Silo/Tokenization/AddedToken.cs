namespace XLLM.Silo.Tokenization;

/// <summary>A token that is found in the text as it stands, before the text is cut and merged.</summary>
/// <param name="Content">As it stands in the text; never empty.</param>
/// <param name="SingleWord">Only where no word character touches it.</param>
/// <param name="StripsLeft">Takes the white space before it with it.</param>
/// <param name="StripsRight">Takes the white space behind it with it.</param>
/// <param name="Normalized">Is looked for in the normalized text (and is normalized itself) instead of in the text as it came.</param>
/// <param name="Special">Is control, not text: hidden from generated text unless asked for.</param>
internal sealed record AddedToken(int Id, string Content, bool SingleWord, bool StripsLeft, bool StripsRight, bool Normalized, bool Special)
{
    /// <summary>Whether the token is looked for in text at all; otherwise only models and templates write it, by its id.</summary>
    public bool IsFoundInText { get; init; } = true;

    /// <summary>A special token with the usual flags.</summary>
    public static AddedToken Control(int id, string content) => new(id, content, SingleWord: false, StripsLeft: false, StripsRight: false, Normalized: false, Special: true);
}
