{# The keys of the tables in schema omop, as the YAML of the models states them; nothing says it twice.

   primary key    a column with the tests `unique` and `not_null`
   foreign key    a column with `relationships`, `concept_exists` or a whole `one_to_one`
   index          other foreign keys than to concept, `unique`, and columns with `meta: {index: true}`

   A test that holds for some rows only (`where`), or says `meta: {foreign_key: false}`, is no key.
   Returns the unique id of a model -> its relation, its keys. #}
{% macro declared_keys() -%}
    {% set keys = {} %}
    {% for node in graph.nodes.values()
        if node.resource_type == 'model' and node.package_name == 'micdm' and node.fqn[1] == 'omop' %}
        {% set indices = [] %}
        {% for column in node.columns.values() if column.config.get('meta', {}).get('index') %}
            {% do indices.append(column.name) %}
        {% endfor %}
        {% do keys.update({node.unique_id: {
            'relation': api.Relation.create(node.database, node.schema, node.alias),
            'primary': none, 'indices': indices, 'foreign': [], 'tests': {},
        }}) %}
    {% endfor %}
    {% for test in graph.nodes.values()
        if test.resource_type == 'test' and test.attached_node in keys and test.column_name
        and not test.config.where %}
        {% set key = keys[test.attached_node] %}
        {% do key['tests'].setdefault(test.column_name, []).append(test.test_metadata.name) %}
        {% do micdm.add_foreign_key(keys, key, test) %}
    {% endfor %}
    {% for key in keys.values() %}
        {% for column, tests in key['tests'].items() if 'unique' in tests %}
            {% if 'not_null' in tests and not key['primary'] %}
                {% do key.update({'primary': column}) %}
            {% else %}
                {% do key['indices'].append(column) %}
            {% endif %}
        {% endfor %}
    {% endfor %}
    {{ return(keys) }}
{%- endmacro %}


{# Adds the foreign key that a test states, if it states one. #}
{% macro add_foreign_key(keys, key, test) -%}
    {% set name = test.test_metadata.name %}
    {% set arguments = test.test_metadata.kwargs %}
    {% set arguments = arguments.get('arguments', arguments) %}
    {% if name in ('relationships', 'concept_exists')
        or name == 'one_to_one' and not arguments.get('where_') %}
        {# What the test refers to, its own table aside: of a table that points at itself nothing. #}
        {% set others = test.depends_on.nodes | reject('equalto', test.attached_node) | list %}
        {% set target = keys.get((others or [test.attached_node])[0]) %}
        {% if target and test.config.get('meta', {}).get('foreign_key', true) %}
            {% do key['foreign'].append({
                'name': ('fpk_' ~ key['relation'].identifier ~ '_' ~ test.column_name)[:63],
                'column': test.column_name,
                'target': target,
                'field': arguments.get('field', 'concept_id'),
                'severity': test.config.severity | lower,
            }) %}
            {% if name != 'concept_exists' %}
                {% do key['indices'].append(test.column_name) %}
            {% endif %}
        {% endif %}
    {% endif %}
{%- endmacro %}
