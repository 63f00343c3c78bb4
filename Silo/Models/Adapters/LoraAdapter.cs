using XLLM.NativeBackends.Ops;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models.Adapters;

/// <summary>A low-rank product of one linear layer: y += scale * up * (down * x).</summary>
/// <param name="Module">Name of the layer: "model.layers.0.self_attn.q_proj".</param>
/// <param name="Down">[rank, inputs], as stored.</param>
/// <param name="Up">[outputs, rank], as stored.</param>
/// <param name="Scale">Factor on the product.</param>
internal sealed record LoraProduct(string Module, HostTensor Down, HostTensor Up, float Scale);

/// <summary>An adapter as PEFT saves it: a folder with adapter_config.json and adapter_model.safetensors. Read and checked; not yet part of a model.</summary>
/// <remarks>Source: Hu et al. 2021 (arXiv:2106.09685). It stays beside the base weights: those may be quantized, and other sequences of the step use others or none.</remarks>
internal sealed class LoraAdapter
{
    private const string ConfigName = "adapter_config.json";
    private const string WeightsName = "adapter_model.safetensors";
    private const string Prefix = "base_model.model.";
    private const int FaultsShown = 5;

    private LoraAdapter(string place, IReadOnlyList<LoraProduct> products) => (Place, Products) = (place, products);

    /// <summary>The folder, for messages.</summary>
    public string Place { get; }

    /// <summary>What it adds, in order of name.</summary>
    public IReadOnlyList<LoraProduct> Products { get; }

    /// <summary>Bytes of its tensors, as stored.</summary>
    public long Bytes => Products.Sum(product => product.Down.Bytes + product.Up.Bytes);

    /// <summary>Whether a folder holds an adapter and not a model.</summary>
    public static bool IsIn(string folder) => File.Exists(Path.Combine(folder, ConfigName));

    /// <summary>Reads a folder.</summary>
    /// <exception cref="CheckpointException">It is damaged, or asks for something that is not supported; all faults of its tensors are named.</exception>
    public static LoraAdapter Read(string folder)
    {
        var configPath = Path.GetFullPath(Path.Combine(folder, ConfigName));
        if (!File.Exists(configPath))
        {
            throw new CheckpointException($"{folder}: no {ConfigName}; give the folder of a PEFT adapter");
        }

        var config = LoraConfig.Read(ModelConfigReader.Load(configPath));
        var weightsPath = Path.Combine(Path.GetDirectoryName(configPath)!, WeightsName);
        if (!File.Exists(weightsPath))
        {
            throw new CheckpointException($"{folder}: no {WeightsName} beside {ConfigName}; adapters in other formats must be converted first");
        }

        var file = SafetensorsFile.Open(weightsPath);
        var faults = new List<string>();
        var products = new List<LoraProduct>();
        foreach (var module in Modules(file, faults))
        {
            if (ReadProduct(file, module, config, faults) is { } product)
            {
                products.Add(product);
            }
        }

        foreach (var target in config.Targets.Where(target => !products.Exists(product => product.Module == target || product.Module.EndsWith($".{target}", StringComparison.Ordinal))))
        {
            faults.Add($"{ConfigName} names the target \"{target}\", which has no tensors");
        }

        if (products.Count == 0)
        {
            faults.Add("it has no product");
        }

        return faults.Count == 0
            ? new LoraAdapter(folder, products)
            : throw new CheckpointException($"{weightsPath}: {string.Join("; ", faults.Take(FaultsShown))}{(faults.Count > FaultsShown ? $"; and {faults.Count - FaultsShown} more faults" : string.Empty)}");
    }

    private static SortedSet<string> Modules(SafetensorsFile file, List<string> faults)
    {
        var modules = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var name in file.Tensors.Keys.Order(StringComparer.Ordinal))
        {
            var end = Ends().FirstOrDefault(end => name.EndsWith(end, StringComparison.Ordinal));
            if (end is null || !name.StartsWith(Prefix, StringComparison.Ordinal) || name.Length <= Prefix.Length + end.Length)
            {
                faults.Add($"tensor \"{name}\" is no factor of a low-rank product (\"{Prefix}MODULE.lora_A.weight\" or \".lora_B.weight\")");
                continue;
            }

            modules.Add(name[Prefix.Length..^end.Length]);
        }

        return modules;
    }

    /// <summary>With the adapter's name "default" between where the whole state was saved.</summary>
    private static string[] Ends() => [".lora_A.weight", ".lora_B.weight", ".lora_A.default.weight", ".lora_B.default.weight"];

    private static LoraProduct? ReadProduct(SafetensorsFile file, string module, LoraConfig config, List<string> faults)
    {
        var before = faults.Count;
        var down = Factor("A");
        var up = Factor("B");
        if (down is null || up is null)
        {
            return null;
        }

        var rank = config.RankOf(module);
        if (down.Shape[0] != rank || up.Shape[1] != rank)
        {
            faults.Add($"\"{module}\" has factors {down.Describe()} and {up.Describe()}, but {ConfigName} gives it rank {rank}");
        }

        if (config.Targets.Count > 0 && !config.Targets.Any(target => module == target || module.EndsWith($".{target}", StringComparison.Ordinal)))
        {
            faults.Add($"\"{module}\" is not among the targets of {ConfigName} ({string.Join(", ", config.Targets)})");
        }

        return faults.Count == before ? new LoraProduct(module, down, up, (float)config.ScaleOf(module)) : null;

        HostTensor? Factor(string letter)
        {
            var names = new[] { $"{Prefix}{module}.lora_{letter}.weight", $"{Prefix}{module}.lora_{letter}.default.weight" };
            if (names.FirstOrDefault(file.Tensors.ContainsKey) is not { } name)
            {
                faults.Add($"tensor \"{names[0]}\" is missing");
                return null;
            }

            if (file.Tensors[name] is var place && (place.DType is not (DType.BF16 or DType.F16 or DType.F32) || place.Shape is not [> 0, > 0]))
            {
                faults.Add($"tensor \"{name}\" is {place.Type} [{string.Join(", ", place.Shape)}]; it must be a matrix of F32, BF16 or F16");
                return null;
            }

            var tensor = file.Get(name);
            if (FiniteCheck.FirstNonFinite(tensor, long.MaxValue) is var index and >= 0)
            {
                faults.Add($"tensor \"{name}\" holds NaN or infinity at element {index}");
                return null;
            }

            return tensor;
        }
    }
}
