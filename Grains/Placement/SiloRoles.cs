using XLLM.Grains.Interfaces.Administration;

namespace XLLM.Grains.Placement;

/// <summary>How a silo's role stands in its metadata, which every silo reads. Pure.</summary>
internal static class SiloRoles
{
    /// <summary>Key in the metadata.</summary>
    public const string MetadataKey = "xllm.role";

    /// <summary>The role in words.</summary>
    public static string ToText(SiloRole role) => role switch
    {
        SiloRole.Engine => "engine",
        SiloRole.Gateway => "gateway",
        _ => "both",
    };

    /// <summary>The role that metadata tells; <see cref="SiloRole.Both"/> where they do not, or not yet: such a silo can do everything.</summary>
    public static SiloRole Of(IReadOnlyDictionary<string, string> metadata) => metadata.TryGetValue(MetadataKey, out var text)
        ? text switch
        {
            "engine" => SiloRole.Engine,
            "gateway" => SiloRole.Gateway,
            _ => SiloRole.Both,
        }
        : SiloRole.Both;
}
